/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A million random steps against a model made of plain lists that are counted from end to end: it
 * predicts every answer, down to the chunk that is not there.
 */

#include "common/model.h"
#include "fixture.h"

#define STEPS      (getenv("SHMX_SHORT") != NULL ? 50000u : 1000000u)
#define NODES      7 /* 1 .. 6, and the last one stands for COMM_NODE_MAX */
#define INDICES    10
#define CHUNKS     6
#define REFS       12
#define LOANS      14
#define QUEUE      1024
#define CHUNK_SIZE 4096

struct model_ref {
	bool used;
	uint64_t addr, len;
	uint32_t sender, readers;
};

struct model_message {
	uint32_t from, len, size, stamp, chunk; /* 0: the inbox's own */
	struct model_ref *ref;                  /* NULL: small */
	uint64_t id;                            /* of its loan, once it is loaded */
};

struct model_loan {
	uint64_t id;
	struct model_ref *ref;
};

struct model_inbox {
	bool open, loaded;
	uint32_t nb_loaded; /* the first ones in `queue` */
	uint64_t loaded_count[COMM_LINES];
	uint32_t holder, died_holder, nb, nb_handed, cursor, nb_refs;
	struct comm_limits limits;
	uint32_t used; /* of the chunk that the last message is in */
	uint64_t pending[COMM_LINES], handed, consumed, received, ref_bytes;
	struct model_message queue[QUEUE]; /* the oldest first */
	struct model_loan loans[LOANS];    /* handed out */
};

struct model_run {
	uint32_t holder;
	int run; /* -1: nothing refused */
};

struct model {
	struct fixture f;
	uint64_t rnd, addr, old_id;
	struct model_inbox inboxes[NODES + 1];
	struct model_ref refs[REFS], *freed[REFS];
	uint32_t nb_freed, ready[NODES], nb_ready, stamp, chunk;
	struct model_run runs[INDICES];
	uint16_t next_run[INDICES];
	uint32_t sent, sent_refs, full, overtaking, pool_full, delivered, no_credit, died,
		taken_over;
	uint32_t done, bad, arrived, came_back;
};

static struct model *m;

#define CHECK(cond) MODEL_CHECK(m, cond)

static uint32_t
below(uint32_t n)
{
	return model_below(&m->rnd, n);
}

static uint32_t
node_of(uint32_t place)
{
	return place == NODES ? COMM_NODE_MAX : place;
}

/* A session's index belongs to one node at a time: that is drawn anew when it dies. */
static uint32_t
random_holder(void)
{
	return m->runs[1 + below(INDICES - 1)].holder;
}

static uint32_t
place_of(uint32_t holder)
{
	return holder >> 16 == COMM_NODE_MAX ? NODES : holder >> 16;
}

static struct model_inbox *
inbox_of(uint32_t holder)
{
	struct model_inbox *ib = &m->inboxes[place_of(holder)];

	return ib->holder == holder && holder != 0 ? ib : NULL;
}

static uint32_t
first_bytes(const struct model_inbox *ib, uint32_t messages)
{
	uint32_t i, n = 0;

	for (i = 0; i < messages; i++)
		n += ib->queue[i].size;
	return n;
}

static uint32_t
bytes_of(const struct model_inbox *ib)
{
	return first_bytes(ib, ib->nb);
}

static uint64_t
lines_of(const struct model_inbox *ib)
{
	uint64_t lines = 0;
	uint32_t i;

	for (i = 0; i < COMM_LINES; i++)
		if (ib->pending[i] != 0)
			lines |= UINT64_C(1) << i;
	return lines;
}

static bool
message_may_go(const struct model_inbox *ib)
{
	return ib->nb > ib->nb_loaded &&
	       ib->queue[ib->nb_loaded].size + ib->handed - ib->consumed <= ib->limits.window;
}

static bool
has_some(const struct model_inbox *ib)
{
	return lines_of(ib) != 0 || message_may_go(ib);
}

static uint32_t
loaded_bytes(const struct model_inbox *ib)
{
	return first_bytes(ib, ib->nb_loaded);
}

/* Whatever was done: inboxes that became ready join at the end, others leave. */
static void
ready_again(uint32_t place)
{
	const struct model_inbox *ib = &m->inboxes[place];
	bool ready = ib->open && ib->holder != 0 && !ib->loaded && has_some(ib);
	uint32_t i;

	for (i = 0; i < m->nb_ready && m->ready[i] != place; i++)
		;
	if (ready && i == m->nb_ready) {
		m->ready[m->nb_ready++] = place;
	} else if (!ready && i < m->nb_ready) {
		m->nb_ready--;
		memmove(&m->ready[i], &m->ready[i + 1], (m->nb_ready - i) * sizeof(m->ready[0]));
	}
}

static void
reader_gone(struct model_inbox *ib, struct model_ref *r)
{
	ib->nb_refs--;
	ib->ref_bytes -= r->len;
	if (--r->readers == 0)
		m->freed[m->nb_freed++] = r;
}

static void
drop_handed(struct model_inbox *ib)
{
	uint32_t i;

	for (i = 0; i < ib->nb_handed; i++)
		reader_gone(ib, ib->loans[i].ref);
	ib->nb_handed = 0;
}

static void
close_inbox(struct model_inbox *ib)
{
	uint32_t i;

	drop_handed(ib);
	for (i = 0; i < ib->nb; i++)
		if (ib->queue[i].ref != NULL)
			reader_gone(ib, ib->queue[i].ref);
	memset(ib, 0, sizeof(*ib));
}

/*
 * Targets
 */

struct model_to {
	struct comm_to to;
	uint64_t set[COMM_SET_WORDS];
	uint32_t places[NODES], n;
	int none; /* what is answered without any */
};

static void
to_add(struct model_to *t, uint32_t place)
{
	if (m->inboxes[place].open)
		t->places[t->n++] = place;
}

static void
random_to(struct model_to *t, uint32_t sender)
{
	uint32_t i, node;

	memset(t, 0, sizeof(*t));
	t->none = -ENOENT;
	t->to.kind = below(4) ? COMM_TO_NODE : below(2) ? COMM_TO_SET : COMM_TO_ALL;
	if (t->to.kind == COMM_TO_NODE) {
		i = 1 + below(NODES);
		t->to.node = node_of(i);
		to_add(t, i);
	} else if (t->to.kind == COMM_TO_SET) {
		t->to.set = t->set;
		for (i = 1; i <= NODES; i++) {
			node = node_of(i);
			if (below(2) == 0)
				continue;
			t->set[node / 64] |= UINT64_C(1) << node % 64;
			to_add(t, i);
		}
		t->set[3] |= 1; /* that nobody has */
	} else {
		t->none = 0;
		for (i = 1; i <= NODES; i++)
			if (i != place_of(sender))
				to_add(t, i);
	}
}

static void
step_signal(void)
{
	uint32_t sender = below(8) ? random_holder() : 0, line = below(COMM_LINES), i;
	uint32_t count = below(8) ? 1 + below(5) : UINT32_MAX;
	struct model_to t;
	int want;

	line = below(2) ? line : line % 3;
	random_to(&t, sender);
	want = t.n > 0 ? (int)t.n : t.none;
	CHECK(comm_signal(m->f.c, sender, &t.to, line, count) == want);
	for (i = 0; i < t.n; i++) {
		m->inboxes[t.places[i]].pending[line] += count;
		ready_again(t.places[i]);
	}
}

/*
 * Messages. Senders send on behind a refusal as real ones do, and start a new run now and then.
 */

static uint16_t
random_run(uint32_t sender)
{
	uint16_t *run = &m->next_run[sender & 0xffff];

	if (below(3) == 0)
		(*run)++;
	return *run;
}

/* -ENOBUFS because of an earlier one. */
static bool
run_refused(uint32_t sender, uint16_t run)
{
	struct model_run *r = &m->runs[sender & 0xffff];

	if (r->run == run)
		return true;
	r->run = -1;
	return false;
}

static bool
limits_allow(const struct model_to *t, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		const struct model_inbox *ib = &m->inboxes[t->places[i]];

		if (bytes_of(ib) + size > ib->limits.bytes)
			return false;
	}
	return true;
}

/* Chunks with messages in them, which are in order. */
static uint32_t
shared_chunks(const struct model_inbox *ib)
{
	uint32_t i, n = 0;

	for (i = 0; i < ib->nb; i++)
		n += ib->queue[i].chunk != 0 &&
		     (i == 0 || ib->queue[i].chunk != ib->queue[i - 1].chunk);
	return n;
}

static uint32_t
all_shared_chunks(void)
{
	uint32_t i, n = 0;

	for (i = 1; i <= NODES; i++)
		n += shared_chunks(&m->inboxes[i]);
	return n;
}

static bool
own_in_use(const struct model_inbox *ib)
{
	uint32_t i;

	for (i = 0; i < ib->nb; i++)
		if (ib->queue[i].chunk == 0)
			return true;
	return false;
}

static bool
begins_chunk(const struct model_inbox *ib, uint32_t size)
{
	return ib->nb == 0 || ib->used + size > CHUNK_SIZE;
}

static bool
pool_allows(const struct model_to *t, uint32_t size)
{
	uint32_t i, n = all_shared_chunks();

	for (i = 0; i < t->n; i++) {
		const struct model_inbox *ib = &m->inboxes[t->places[i]];

		n += begins_chunk(ib, size) && own_in_use(ib);
	}
	return n <= CHUNKS;
}

/* What is answered when room is all that matters. */
static int
expect(const struct model_to *t, uint32_t size)
{
	if (!limits_allow(t, size))
		return -ENOBUFS;
	if (!pool_allows(t, size)) {
		m->pool_full++;
		return -ENOBUFS;
	}
	return t->n > 0 ? (int)t->n : t->none;
}

static void
refused(uint32_t sender, uint16_t run)
{
	m->runs[sender & 0xffff].run = run;
	m->full++;
}

/* Returns whether it is in the inboxes. */
static bool
check_sent(int ret, int want, uint32_t sender, uint16_t run)
{
	CHECK(ret == want);
	if (want == -ENOBUFS)
		refused(sender, run);
	return want > 0;
}

static void
append(struct model_inbox *ib, const struct model_message *msg)
{
	uint32_t chunk = ib->nb > 0 ? ib->queue[ib->nb - 1].chunk : 0;

	if (begins_chunk(ib, msg->size)) {
		chunk = own_in_use(ib) ? ++m->chunk : 0;
		ib->used = 0;
	}
	ib->queue[ib->nb] = *msg;
	ib->queue[ib->nb++].chunk = chunk;
	ib->used += msg->size;
	ib->received++;
}

static void
fill(uint8_t *data, uint32_t len, uint32_t stamp)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(stamp + i * 7);
}

static void
enqueue(const struct model_to *t, const struct model_message *msg)
{
	struct model_inbox *ib;
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		ib = &m->inboxes[t->places[i]];
		append(ib, msg);
		if (msg->ref != NULL) {
			ib->nb_refs++;
			ib->ref_bytes += msg->ref->len;
			msg->ref->readers++;
		}
		ready_again(t->places[i]);
	}
}

static void
step_send(void)
{
	uint32_t sender = random_holder(), len = below(3) ? below(80) : below(COMM_SMALL_MAX + 1);
	uint16_t run = random_run(sender);
	struct model_message msg = {
		.from = sender >> 16, .len = len, .size = COMM_SIZE(len), .stamp = ++m->stamp};
	uint8_t data[COMM_SMALL_MAX];
	struct model_to t;
	int ret;

	random_to(&t, sender);
	fill(data, len, msg.stamp);
	ret = comm_send(m->f.c, sender, run, &t.to, data, len);
	if (run_refused(sender, run)) {
		CHECK(ret == -ENOBUFS);
		m->overtaking++;
		return;
	}
	if (!check_sent(ret, expect(&t, msg.size), sender, run))
		return;
	m->sent++;
	enqueue(&t, &msg);
}

static struct model_ref *
unused_ref(void)
{
	uint32_t i;

	for (i = 0; i < REFS; i++)
		if (!m->refs[i].used)
			return &m->refs[i];
	return NULL;
}

static uint32_t
nb_loans(void)
{
	uint32_t i, n = 0;

	for (i = 1; i <= NODES; i++)
		n += m->inboxes[i].nb_refs;
	return n;
}

/* In the order of the nodes: the first that objects says how. */
static int
ref_expect(const struct model_to *t, uint64_t len)
{
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		const struct model_inbox *ib = &m->inboxes[t->places[i]];

		if (len > ib->limits.ref_bytes)
			return -EMSGSIZE;
		if (ib->ref_bytes + len > ib->limits.ref_bytes)
			return -ENOBUFS;
	}
	if (unused_ref() == NULL || nb_loans() + t->n > LOANS)
		return -ENOBUFS;
	return expect(t, COMM_REF_SIZE);
}

static void
step_send_ref(void)
{
	uint32_t sender = random_holder();
	uint16_t run = random_run(sender);
	uint64_t len = 1 + below(below(8) ? 300 : 1200);
	struct model_message msg = {.from = sender >> 16, .size = COMM_REF_SIZE};
	struct model_to t;
	int ret;

	random_to(&t, sender);
	ret = comm_send_ref(m->f.c, sender, run, &t.to, ++m->addr, len);
	if (run_refused(sender, run)) {
		CHECK(ret == -ENOBUFS);
		m->overtaking++;
		return;
	}
	if (t.n == 0 && t.none != 0) {
		CHECK(ret == t.none);
		return;
	}
	if (!check_sent(ret, ref_expect(&t, len), sender, run))
		return;
	m->sent_refs++;
	msg.ref = unused_ref();
	*msg.ref = (struct model_ref){true, m->addr, len, sender, 0};
	enqueue(&t, &msg);
}

/*
 * Delivery
 */

/* The line that is next, or COMM_LINES for a message. */
static uint32_t
next_line(const struct model_inbox *ib)
{
	uint32_t i;

	for (i = ib->cursor; i < COMM_LINES; i++)
		if (ib->pending[i] != 0)
			return i;
	if (message_may_go(ib))
		return COMM_LINES;
	for (i = 0; ib->pending[i] == 0; i++)
		;
	return i;
}

static void
check_message(const struct model_message *msg, const struct comm_item *item, uint32_t holder)
{
	uint8_t data[COMM_SMALL_MAX];

	CHECK(item->size == msg->size && item->from == msg->from);
	CHECK(item->kind == (msg->ref != NULL ? COMM_REF : COMM_MESSAGE));
	if (m->bad != 0)
		return;
	if (msg->ref != NULL) {
		CHECK(item->ref.addr == msg->ref->addr && item->ref.len == msg->ref->len);
		CHECK(comm_read_done(m->f.c, holder, item->ref.id) == -ENOENT);
		return;
	}
	fill(data, msg->len, msg->stamp);
	CHECK(item->message.len == msg->len);
	CHECK(m->bad != 0 || memcmp(item->message.data, data, msg->len) == 0);
}

static void
message_leaves(struct model_inbox *ib)
{
	const struct model_message *msg = &ib->queue[0];

	if (msg->ref != NULL)
		ib->loans[ib->nb_handed++] = (struct model_loan){msg->id, msg->ref};
	memmove(&ib->queue[0], &ib->queue[1], --ib->nb * sizeof(ib->queue[0]));
}

static void
taken(struct model_inbox *ib, uint32_t line, const struct comm_item *item, bool load)
{
	struct model_message *msg = &ib->queue[ib->nb_loaded];

	m->delivered++;
	ib->loaded |= load;
	if (line < COMM_LINES) {
		ib->pending[line] -= item->signal.count;
		ib->loaded_count[line] += load ? item->signal.count : 0;
		ib->cursor = line + 1;
		return;
	}
	msg->id = msg->ref != NULL ? item->ref.id : 0;
	ib->handed += msg->size;
	ib->cursor = 0;
	if (load)
		ib->nb_loaded++;
	else
		message_leaves(ib);
}

static void
unloaded(struct model_inbox *ib, bool arrived)
{
	uint32_t i;

	for (i = 0; i < COMM_LINES; i++)
		ib->pending[i] += arrived ? 0 : ib->loaded_count[i];
	memset(ib->loaded_count, 0, sizeof(ib->loaded_count));
	ib->handed -= arrived ? 0 : loaded_bytes(ib);
	for (i = 0; arrived && i < ib->nb_loaded; i++)
		message_leaves(ib);
	ib->nb_loaded = 0;
	ib->loaded = false;
}

/* One item for an inbox that has some. */
static bool
deliver_one(struct model_inbox *ib, uint32_t holder, uint32_t room, bool load)
{
	uint32_t line = next_line(ib);
	struct comm_item item;
	uint32_t size = line < COMM_LINES ? COMM_SIGNAL_SIZE : ib->queue[ib->nb_loaded].size;
	int ret = comm_next(m->f.c, holder, room, &item);

	CHECK(ret == (size > room ? -ENOSPC : 0));
	if (ret != 0 || m->bad != 0)
		return false;
	if (line < COMM_LINES) {
		CHECK(item.kind == COMM_SIGNAL && item.size == COMM_SIGNAL_SIZE);
		CHECK(item.signal.line == line && item.signal.count == ib->pending[line]);
	} else {
		check_message(&ib->queue[ib->nb_loaded], &item, holder);
	}
	if (below(10) == 0)
		return false; /* no room in the session after all */
	if (below(10) == 0)
		step_signal(); /* may be for this very line */
	if (load)
		comm_load(m->f.c, holder, &item);
	else
		comm_taken(m->f.c, holder, &item);
	taken(ib, line, &item, load);
	return true;
}

/* The place of the inbox whose turn it is; 0: none is ready. */
static uint32_t
next_ready(uint32_t *holder)
{
	uint32_t place;

	*holder = comm_ready(m->f.c);
	CHECK((*holder == 0) == (m->nb_ready == 0));
	if (*holder == 0 || m->bad != 0)
		return 0;
	place = m->ready[0];
	memmove(m->ready, m->ready + 1, (m->nb_ready - 1) * sizeof(m->ready[0]));
	m->ready[m->nb_ready - 1] = place;
	CHECK(*holder == m->inboxes[place].holder);
	return place;
}

static void
step_deliver(void)
{
	uint32_t holder, place = next_ready(&holder), n = 1 + below(6);
	bool load = below(2);

	for (; place != 0 && n > 0 && m->bad == 0; n--) {
		struct model_inbox *ib = &m->inboxes[place];

		if (!has_some(ib) ||
			!deliver_one(ib, holder, below(4) ? UINT32_MAX : below(200), load))
			break;
		ready_again(place);
	}
}

static void
step_unload(void)
{
	uint32_t holder = m->inboxes[1 + below(NODES)].holder;
	struct model_inbox *ib = inbox_of(holder);
	bool arrived = below(3) != 0;

	comm_unload(m->f.c, holder, arrived);
	if (ib == NULL || !ib->loaded)
		return;
	m->arrived += arrived;
	m->came_back += !arrived;
	unloaded(ib, arrived);
	ready_again(place_of(holder));
}

static void
step_credit(void)
{
	uint32_t holder = random_holder();
	struct model_inbox *ib = inbox_of(holder);
	uint64_t unread;

	if (ib == NULL) {
		CHECK(comm_credit(m->f.c, holder, 0) == -ENOENT);
		return;
	}
	m->no_credit += ib->nb > ib->nb_loaded && !message_may_go(ib);
	unread = ib->handed - loaded_bytes(ib) - ib->consumed;
	CHECK(comm_credit(m->f.c, holder, ib->consumed + unread + 1 + below(100)) == -EINVAL);
	CHECK(comm_credit(m->f.c, holder, ib->consumed / 2) == 0);
	ib->consumed += below(2) ? unread : below((uint32_t)unread + 1);
	CHECK(comm_credit(m->f.c, holder, ib->consumed) == 0);
	ready_again(place_of(holder));
}

static void
step_done(void)
{
	uint32_t holder = random_holder(), other = random_holder(), i;
	struct model_inbox *ib = inbox_of(holder);

	CHECK(comm_read_done(m->f.c, holder, (uint64_t)UINT32_MAX << 32 | below(LOANS + 2)) ==
		-ENOENT);
	if (ib == NULL || ib->nb_handed == 0)
		return;
	CHECK(comm_read_done(m->f.c, holder, m->old_id) == -ENOENT);
	i = below(ib->nb_handed);
	m->old_id = ib->loans[i].id;
	CHECK(other == holder || comm_read_done(m->f.c, other, m->old_id) == -ENOENT);
	CHECK(comm_read_done(m->f.c, holder, m->old_id) == 0);
	reader_gone(ib, ib->loans[i].ref);
	ib->nb_handed--;
	memmove(&ib->loans[i], &ib->loans[i + 1], (ib->nb_handed - i) * sizeof(ib->loans[0]));
	m->done++;
}

static void
step_freed(uint32_t n)
{
	struct comm_freed fr;

	for (; n > 0 && m->nb_freed > 0; n--) {
		struct model_ref *r = m->freed[0];

		CHECK(comm_freed(m->f.c, &fr) == 0);
		CHECK(fr.addr == r->addr && fr.len == r->len && fr.sender == r->sender);
		r->used = false;
		memmove(m->freed, m->freed + 1, --m->nb_freed * sizeof(m->freed[0]));
	}
	CHECK(m->nb_freed > 0 || comm_freed(m->f.c, &fr) == -ENOENT);
}

/*
 * Coming and going
 */

static void
step_open(void)
{
	uint32_t holder = random_holder();
	struct model_inbox *ib = &m->inboxes[place_of(holder)];
	struct comm_limits l = {COMM_BYTES_MIN + below(20000), COMM_BYTES_MIN + below(3000),
		1 + below(1500), below(2)};
	int want = ib->holder == 0 ? 0 : ib->holder == holder ? -EALREADY : -EBUSY;

	CHECK(comm_open(m->f.c, holder, &l) == want);
	if (want != 0)
		return;
	m->taken_over += ib->open;
	ib->open = true;
	ib->holder = holder;
	ib->limits = l;
	ib->handed = ib->consumed = 0;
	ready_again(place_of(holder));
}

static void
step_close(void)
{
	uint32_t holder = random_holder(), place = 1 + below(NODES);
	struct model_inbox *ib = inbox_of(holder);

	if (below(2)) {
		CHECK(comm_close(m->f.c, holder) == (ib != NULL ? 0 : -ENOENT));
		if (ib != NULL)
			close_inbox(ib);
		ready_again(place_of(holder));
		return;
	}
	ib = &m->inboxes[place];
	CHECK(comm_discard(m->f.c, node_of(place)) == (!ib->open                ? -ENOENT
							      : ib->holder != 0 ? -EBUSY
										: 0));
	if (ib->open && ib->holder == 0)
		close_inbox(ib);
}

/* And somebody else gets the index. */
static void
step_die(void)
{
	uint32_t index = 1 + below(INDICES - 1), holder = m->runs[index].holder;
	struct model_inbox *ib = inbox_of(holder);

	comm_revoke(m->f.c, holder);
	m->died++;
	if (ib != NULL && ib->limits.policy == COMM_DROP) {
		close_inbox(ib);
	} else if (ib != NULL) {
		unloaded(ib, true);
		drop_handed(ib);
		ib->died_holder = holder;
		ib->holder = 0;
	}
	ready_again(place_of(holder));
	m->runs[index] = (struct model_run){node_of(1 + below(NODES)) << 16 | index, -1};
}

/*
 * Comparing
 */

static void
check_inbox(uint32_t place)
{
	const struct model_inbox *ib = &m->inboxes[place];
	uint64_t signals = 0, lines = 0;
	struct comm_item item;
	struct comm_info in;
	uint32_t i;

	if (!ib->open) {
		CHECK(comm_info(m->f.c, node_of(place), &in) == -ENOENT);
		return;
	}
	CHECK(comm_info(m->f.c, node_of(place), &in) == 0);
	for (i = 0; i < COMM_LINES; i++) {
		uint64_t n = ib->pending[i] + ib->loaded_count[i];

		signals += n;
		lines |= (uint64_t)(n > 0) << i;
	}
	CHECK(in.holder == ib->holder && in.died_holder == ib->died_holder);
	CHECK(in.nb_messages == ib->nb && in.bytes == bytes_of(ib));
	CHECK(in.nb_refs == ib->nb_refs && in.ref_bytes == ib->ref_bytes);
	CHECK(in.lines == lines && in.signals == signals);
	CHECK(in.unread == ib->handed - loaded_bytes(ib) - ib->consumed &&
		in.received == ib->received);
	CHECK(in.bytes_limit == ib->limits.bytes && in.window == ib->limits.window);
	if (ib->holder != 0 && !has_some(ib))
		CHECK(comm_next(m->f.c, ib->holder, UINT32_MAX, &item) == -EAGAIN);
}

static void
check_all(void)
{
	uint32_t i, inboxes = 0, refs = 0;
	struct comm_usage u;

	comm_usage(m->f.c, &u);
	for (i = 1; i <= NODES; i++) {
		check_inbox(i);
		inboxes += m->inboxes[i].open;
	}
	for (i = 0; i < REFS; i++)
		refs += m->refs[i].used;
	CHECK(u.nb_inboxes == inboxes && u.nb_refs == refs && u.nb_loans == nb_loans());
	CHECK(u.nb_chunks == all_shared_chunks());
	CHECK(u.sent >= m->sent + m->sent_refs && u.refused == (uint64_t)m->full + m->overtaking);
	CHECK(comm_nb_ready(m->f.c) == m->nb_ready);
}

static void
step(void)
{
	uint32_t kind = below(1000);

	if (kind < 330)
		step_send();
	else if (kind < 430)
		step_send_ref();
	else if (kind < 500)
		step_signal();
	else if (kind < 680)
		step_deliver();
	else if (kind < 740)
		step_unload();
	else if (kind < 830)
		step_credit();
	else if (kind < 930)
		step_done();
	else if (kind < 970)
		step_freed(below(4));
	else if (kind < 990)
		step_open();
	else if (kind < 993)
		step_close();
	else if (kind < 998)
		step_die();
}

static void
wind_down(void)
{
	uint32_t i;

	for (i = 1; i <= NODES; i++) {
		comm_revoke(m->f.c, m->inboxes[i].holder);
		if (m->inboxes[i].holder != 0) {
			unloaded(&m->inboxes[i], true);
			drop_handed(&m->inboxes[i]);
		}
		comm_discard(m->f.c, node_of(i));
		if (m->inboxes[i].open)
			close_inbox(&m->inboxes[i]);
	}
	step_freed(REFS);
	fixture_down(&m->f);
}

static void
million_steps(void)
{
	uint32_t steps = STEPS, i;

	m = calloc(1, sizeof(*m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	m->rnd = model_seed();
	fixture_up(&m->f, CHUNKS, REFS, LOANS);
	for (i = 1; i < INDICES; i++)
		m->runs[i] = (struct model_run){node_of(1 + below(NODES)) << 16 | i, -1};
	for (i = 0; i < steps && m->bad == 0; i++) {
		step();
		check_inbox(1 + below(NODES));
		if (i % 64 == 0)
			check_all();
	}
	if (m->bad != 0)
		printf("first failure at step %u ", i);
	printf("%u sent, %u of them large, %u delivered, %u full, %u behind a refusal, %u times no "
	       "chunk, %u times no credit, %u read, %u deaths, %u taken over, %u loads arrived, %u "
	       "came "
	       "back ",
		m->sent + m->sent_refs, m->sent_refs, m->delivered, m->full, m->overtaking,
		m->pool_full, m->no_credit, m->done, m->died, m->taken_over, m->arrived,
		m->came_back);
	CU_ASSERT(m->full > 0 && m->overtaking > 0 && m->pool_full > 0 && m->no_credit > 0);
	CU_ASSERT(m->done > 0 && m->taken_over > 0 && m->arrived > 0 && m->came_back > 0);
	wind_down();
	free(m);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"million_steps", million_steps}, {NULL, NULL}};

	return run_suite("comm random", tests);
}
