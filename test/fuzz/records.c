/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Request records to the target, on real memory, locks and inboxes: operations of every kind in any
 * order, with addresses that were given out and such that were not, from two nodes at once; and
 * what is no record at all.
 *
 * What must hold: a request gets one response, of its own operation, with the data that belongs to
 * it and nothing else; what is malformed ends the session; and memory is left alone outside of
 * its zones, and after they were given back.
 */

#include "forge.h"
#include "mem/mem.h"
#include "rdp/asan.h"
#include "target/target_private.h"

#define PEERS       2
#define TURNS_MAX   400
#define DRAIN_TURNS 3000
#define IDS         4096 /* requests of a run */
#define KNOWN       8    /* addresses that were given out, the newest of them */
#define ZONES       32
#define ZONE_MAX    (10 << 20)
#define WORKERS_MAX 2
#define POLLS       16 /* of a worker in a turn: it looks at its rings every eighth time */

/* Zones come from here and go back to here: getting 2 MiB from the system takes longer than all
 * the rest. */
struct zone {
	char name[MEM_ZONE_LEN]; /* empty: not in use */
	void *va;
	size_t len; /* 0: none yet */
};

static struct zone zones[ZONES];

struct expected {
	uint8_t op; /* 0: nothing */
	uint8_t peer;
	uint32_t len;
};

struct peer {
	struct node *node;
	struct rdp_session *s;
	bool malformed; /* the session has to end */
};

static struct target *target;
static unsigned int workers;
static bool control_stopped;
static struct peer peers[PEERS];
static struct expected expected[IDS];
static unsigned int nb_ids, outstanding, turns;
static uint64_t known[KNOWN];
static unsigned int nb_known;
static uint64_t told[KNOWN]; /* numbers of messages in memory, the newest of them */
static unsigned int nb_told;
static void *sync_zone, *comm_zone;
static struct sync *sync;
static struct comm *comm;

static struct zone *
zone_find(const char *name)
{
	for (unsigned int i = 0; i < ZONES; i++)
		if (strcmp(zones[i].name, name) == 0)
			return &zones[i];
	return NULL;
}

/* One of that length that nobody uses, or a place for it. */
static struct zone *
zone_spare(size_t len)
{
	struct zone *empty = NULL;

	for (unsigned int i = 0; i < ZONES; i++) {
		if (zones[i].name[0] != '\0')
			continue;
		if (zones[i].len == len)
			return &zones[i];
		if (empty == NULL || zones[i].len == 0)
			empty = &zones[i];
	}
	return empty;
}

static int
zone_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	struct zone *z = zone_spare(len);

	CHECK(strlen(name) < MEM_ZONE_LEN && zone_find(name) == NULL);
	if (len > ZONE_MAX || z == NULL)
		return -ENOMEM;
	if (z->len != len) {
		free(z->va);
		z->len = 0;
		if (posix_memalign(&z->va, MEM_PAGE_SIZE, len) != 0)
			return -ENOMEM;
		z->len = len;
	}
	ASAN_UNPOISON_MEMORY_REGION(z->va, len);
	snprintf(z->name, sizeof(z->name), "%s", name);
	*va = z->va;
	return 0;
}

static int
zone_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	const struct zone *z = zone_find(name);

	if (z == NULL)
		return -ENOENT;
	*va = z->va;
	*len = z->len;
	return 0;
}

static int
zone_release(void *ctx, const char *name, void *va)
{
	struct zone *z = zone_find(name);

	CHECK(z != NULL && z->va == va);
	z->name[0] = '\0';
	ASAN_POISON_MEMORY_REGION(z->va, z->len);
	return 0;
}

/* The server's worker threads and its control thread, one after the other. In front of the poll:
 * what a worker lent to frames is read in its flush, and may go after that. */
static void
server_work(void)
{
	for (unsigned int i = 0; i < workers * POLLS; i++)
		target_worker_poll(target_worker_at(target, i % workers));
	if (control_stopped)
		return;
	for (unsigned int i = 0; i < workers; i++)
		target_worker_offline(target_worker_at(target, i));
	target_control_poll(target);
	for (unsigned int i = 0; i < workers; i++)
		target_worker_online(target_worker_at(target, i));
}

static uint64_t
number_at(const void *data)
{
	rte_be64_t be;

	memcpy(&be, data, sizeof(be));
	return rte_be_to_cpu_64(be);
}

/* Those that come with an error, too. */
static bool
error_has_data(const struct expected *e, uint32_t len)
{
	if (e->op == WIRE_OP_SIGNAL || e->op == WIRE_OP_SEND)
		return len == 8;
	return e->op == WIRE_OP_BARRIER && len % 2 == 0 && len <= 2 * WIRE_NODES_MAX;
}

static void
check_infos(const void *data, uint32_t len)
{
	const struct wire_pool_info *info = data;

	CHECK(len % sizeof(*info) == 0);
	for (; len > 0; len -= (uint32_t)sizeof(*info), info++) {
		CHECK(info->name_len <= WIRE_NAME_MAX);
		CHECK(rte_be_to_cpu_64(info->used) <= rte_be_to_cpu_64(info->size));
		CHECK(rte_be_to_cpu_64(info->largest_free) <= rte_be_to_cpu_64(info->size));
		CHECK(rte_be_to_cpu_64(info->held) <= rte_be_to_cpu_64(info->quota));
	}
}

/* In ascending order, and none above the quota of any pool there is. */
static void
check_pool_nodes(const void *data, uint32_t len)
{
	const struct wire_pool_node *node = data;
	uint16_t before = 0;

	CHECK(len % sizeof(*node) == 0);
	for (; len > 0; len -= (uint32_t)sizeof(*node), node++) {
		CHECK(rte_be_to_cpu_16(node->node) > before);
		CHECK(rte_be_to_cpu_64(node->held) <= 4 * MEM_PAGE_SIZE);
		before = rte_be_to_cpu_16(node->node);
	}
}

/* In ascending order, each with a session that some worker has. */
static void
check_nodes(const void *data, uint32_t len)
{
	const struct wire_node_info *info = data;
	uint16_t before = 0;

	CHECK(len % sizeof(*info) == 0);
	for (; len > 0; len -= (uint32_t)sizeof(*info), info++) {
		CHECK(rte_be_to_cpu_16(info->node) > before);
		CHECK(info->sessions != 0 && info->workers != 0);
		before = rte_be_to_cpu_16(info->node);
	}
}

/* In ascending order, no more of them than there are, and than were wanted. */
static void
check_owners(const struct expected *e, const void *data, uint32_t len)
{
	const struct wire_owners_found *found = data;
	const rte_be16_t *id = (const rte_be16_t *)(found + 1);
	uint32_t n = (len - (uint32_t)sizeof(*found)) / (uint32_t)sizeof(*id);
	uint16_t nodes;

	CHECK(len >= sizeof(*found) && len % sizeof(*id) == 0);
	nodes = rte_be_to_cpu_16(found->nodes);
	CHECK(nodes != 0 && rte_be_to_cpu_64(found->size) != 0);
	CHECK(n == (nodes == WIRE_OWNERS_EVERYONE
				   ? 0
				   : RTE_MIN(nodes, RTE_MIN(e->len, (uint32_t)WIRE_NODES_MAX))));
	for (uint32_t i = 1; i < n; i++)
		CHECK(rte_be_to_cpu_16(id[i - 1]) < rte_be_to_cpu_16(id[i]));
}

static void
check_response(const struct wire_record *rec, uint32_t size)
{
	uint32_t len = rte_be_to_cpu_32(rec->len);
	uint16_t id = rte_be_to_cpu_16(rec->id);
	const uint8_t *data = (const uint8_t *)(rec + 1);
	struct expected *e = &expected[id % IDS];

	CHECK(id < nb_ids && e->op != 0);
	CHECK(rec->op == (e->op | WIRE_RESPONSE));
	CHECK(rec->status < STATUS_MAX);
	if (rec->status != STATUS_OK)
		CHECK(len == 0 || error_has_data(e, len));
	else if (forge_response_len(e->op, e->len) >= 0)
		CHECK(len == forge_response_len(e->op, e->len));
	for (uint32_t i = len; i < size - sizeof(*rec); i++)
		CHECK(data[i] == 0);
	if (rec->status == STATUS_OK && (e->op == WIRE_OP_POOL_LIST || e->op == WIRE_OP_POOL_STAT))
		check_infos(data, len);
	if (rec->status == STATUS_OK && e->op == WIRE_OP_POOL_NODES)
		check_pool_nodes(data, len);
	if (rec->status == STATUS_OK && e->op == WIRE_OP_NODE_LIST)
		check_nodes(data, len);
	if (rec->status == STATUS_OK && e->op == WIRE_OP_OWNERS)
		check_owners(e, data, len);
	if (rec->status == STATUS_OK && (e->op == WIRE_OP_ALLOC || e->op == WIRE_OP_ALLOC_FOR))
		known[nb_known++ % KNOWN] = number_at(data);
	e->op = 0;
	outstanding--;
}

static void
check_event(const struct wire_record *rec, uint32_t size)
{
	const struct wire_memory_message *mem = (const struct wire_memory_message *)rec;
	const uint8_t *data = (const uint8_t *)rec;

	if (rec->op == WIRE_OP_SIGNALLED)
		CHECK(rte_be_to_cpu_16(rec->id) < WIRE_LINES);
	if (rec->op == WIRE_OP_MEMORY_MESSAGE)
		told[nb_told++ % KNOWN] = rte_be_to_cpu_64(mem->message);
	if (rec->op != WIRE_OP_MESSAGE)
		return;
	for (uint32_t i = (uint32_t)sizeof(struct wire_message) + rte_be_to_cpu_32(rec->len);
		i < size; i++)
		CHECK(data[i] == 0);
}

static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	uint32_t size;

	for (uint32_t off = 0; off < len; off += size) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);

		size = wire_event_size(rec, len - off);
		if (size != 0) {
			check_event(rec, size);
			continue;
		}
		size = wire_response_size(rec, len - off);
		CHECK(size != 0);
		check_response(rec, size);
	}
	return (int32_t)len;
}

static void
on_batch_end(void *ctx)
{
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	CHECK(status == 0);
}

/* Only what is malformed ends a session, and what was asked on it is not answered any more. */
static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	struct peer *peer = ctx;

	CHECK(peer->malformed);
	peer->s = NULL;
	for (unsigned int i = 0; i < nb_ids; i++) {
		if (expected[i].op == 0 || &peers[expected[i].peer] != peer)
			continue;
		expected[i].op = 0;
		outstanding--;
	}
}

static const struct rdp_handler handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.opened = on_opened,
	.closed = on_closed,
};

static void
step(struct net *net, unsigned int n)
{
	for (; n > 0; n--, turns++) {
		server_work();
		net_step(net);
		CHECK(net->errors == 0);
	}
}

static uint64_t
right_create_word(uint8_t b, unsigned int place)
{
	switch (place) {
	case 1: /* limit */
	case 5: /* shrink above */
		return (uint64_t)(b / 64) * MEM_PAGE_SIZE;
	case 2: /* granule */
		return UINT64_C(64) << 32;
	case 3: /* grow below */
		return b & 1 ? (uint64_t)b * 4096 : 0;
	case 6: /* quota: little, most often */
		return b & 1 ? (uint64_t)b * 512 : (uint64_t)(b / 128) * MEM_PAGE_SIZE;
	default: /* grow by */
		return b & 1 ? MEM_PAGE_SIZE : 0;
	}
}

/* What would be right in that place: an address first, of most; a size; a pool, with alignment and
 * owner or a number beside it. */
static uint64_t
right_word(struct input *in, uint8_t op, unsigned int place)
{
	uint8_t b = in_u8(in);

	if (op == WIRE_OP_ALLOC_FOR)
		op = WIRE_OP_ALLOC;
	if (place == 0 && op != WIRE_OP_ALLOC && op < WIRE_OP_POOL_CREATE && op != WIRE_OP_LOOKUP)
		return known[b % KNOWN] + b / KNOWN * 8;
	if (op >= WIRE_OP_ALLOC && op != WIRE_OP_LOOKUP && op != WIRE_OP_POOL_LIST &&
		op != WIRE_OP_NODE_LIST && op != WIRE_OP_POOL_NODES && place == 0)
		return op < WIRE_OP_POOL_CREATE ? (1 + (uint64_t)b) * 64 : b / 64 * MEM_PAGE_SIZE;
	if (op == WIRE_OP_POOL_CREATE)
		return right_create_word(b, place);
	if (op == WIRE_OP_POOL_NODES)
		return (uint64_t)(b / 32) << 48 | (uint64_t)(b % 8) << 32 | (1 + b / 8 % 4) << 16;
	if (op == WIRE_OP_RESIZE || op == WIRE_OP_OWN || op == WIRE_OP_OWNERS)
		return place == 1 ? (1 + (uint64_t)b) * 64
		                  : (uint64_t)(b & 1) << 56 | (uint64_t)(b / 2 % 8) << 48 |
		                            (uint64_t)(b / 16 % 4) << 40;
	return (uint64_t)(1 + b % 4) << 48 | (uint64_t)(b / 4 % 16) << 40 |
	       (uint64_t)(b / 64) << 32;
}

/* The same of locks, inboxes and barriers. */
static uint64_t
right_sync_word(struct input *in, uint8_t op, unsigned int place)
{
	uint64_t b = in_u8(in);

	switch (op) {
	case WIRE_OP_LOCK:
		return b;
	case WIRE_OP_PUT_FENCED:
		return place == 0 ? known[b % KNOWN] : place == 1 ? b % 16 : (1 + b % 4) << 32;
	case WIRE_OP_LOCK_RESERVE ... WIRE_OP_LOCK_FORCE:
		return (1 + b % 8) << 32 | 8 << 16;
	case WIRE_OP_SIGNAL:
		return (1 + b) << 32 | (2 + b % 2) << 16 | b / 4 % 3 << 8 | b / 16;
	case WIRE_OP_SEND:
	case WIRE_OP_SEND_MEMORY:
		if (place > 0)
			return place == 1 ? known[b % KNOWN] : 1 + b;
		return b / 64 << 48 | (2 + b % 2) << 32 | b / 4 % 3 << 24 |
		       (b / 4 % 3 == WIRE_TO_SET ? UINT64_C(2) << 16 : 0);
	case WIRE_OP_INBOX_OPEN:
		return place == 0   ? UINT64_C(2048) << 32 | (2048 + 8 * b)
		       : place == 1 ? 64 * b
		                    : b % 2 << 56;
	case WIRE_OP_MESSAGE_DONE:
		return told[b % KNOWN];
	case WIRE_OP_BARRIER:
		return place == 0 ? b : b % 4 << 32;
	default:
		return b * 8;
	}
}

/* A word of a request: mostly something that means something. */
static uint64_t
any_word(struct input *in, uint8_t op, unsigned int place, unsigned int mode)
{
	if (op >= WIRE_OP_LOCK && mode % 8 == 0)
		return right_sync_word(in, op, place);
	switch (mode % 8) {
	case 0:
		return right_word(in, op, place);
	case 1:
		return in_u8(in);
	case 2:
		return known[in_u8(in) % KNOWN];
	case 3:
		return known[in_u8(in) % KNOWN] + (uint64_t)(int64_t)(int16_t)in_u16(in);
	case 4:
		return (UINT64_C(1) << in_u8(in) % 36) + (uint64_t)(int64_t)(int8_t)in_u8(in);
	case 5:
		return (uint64_t)in_u8(in) << 48 | (uint64_t)in_u8(in) << 40 |
		       (uint64_t)in_u8(in) << 32;
	case 6:
		return mem_addr(in_u8(in) % 8, in_u32(in));
	default:
		/* Not the growth limit: a large one costs address space alone, but much of it. */
		return in_u64(in) & (op == WIRE_OP_POOL_CREATE ? UINT64_MAX >> 28 : UINT64_MAX);
	}
}

/* Nobody waits for ever. */
static uint64_t
word(struct input *in, uint8_t op, unsigned int place, unsigned int mode)
{
	uint64_t any = any_word(in, op, place, mode);

	return place == 0 && (op == WIRE_OP_LOCK || op == WIRE_OP_BARRIER) ? any % 1024 : any;
}

static uint32_t
put_name(struct input *in, uint8_t *to)
{
	uint32_t len = in_u8(in) % (WIRE_NAME_MAX + 2);
	uint8_t letter = 'a' + in_u8(in) % 4;

	memset(to, letter, len);
	return len;
}

/* Ids of nodes, some of them twice, few of them none. */
static uint32_t
put_nodes(struct input *in, uint8_t *to)
{
	uint8_t what = in_u8(in);
	uint32_t n = what < 250 ? what % 8 : WIRE_NODES_MAX - 250 + what;

	for (uint32_t i = 0; i < n; i++) {
		rte_be16_t id = rte_cpu_to_be_16(i < 4 ? in_u8(in) % 12 : (uint16_t)(what + i));

		memcpy(to + i * sizeof(id), &id, sizeof(id));
	}
	return n * (uint32_t)sizeof(rte_be16_t);
}

static uint32_t
put_locks(struct input *in, uint8_t *to, uint32_t size)
{
	uint8_t what = in_u8(in);
	uint32_t n = what < 250 ? 1 + what % 4 : 12 + what % 6;

	for (uint32_t i = 0; i < n; i++, to += size) {
		rte_be32_t lock = rte_cpu_to_be_32(what / 4 % 8 + i);

		memset(to, what & 128 ? 1 : 0, size);
		memcpy(to, &lock, sizeof(lock));
	}
	return n * size;
}

/* Of the first tokens, and of one lock perhaps twice. */
static uint32_t
put_grants(struct input *in, uint8_t *to)
{
	uint8_t what = in_u8(in);
	uint32_t n = what < 250 ? 1 + what % 4 : 12 + what % 6;
	struct wire_lock_grant grant = {.token = rte_cpu_to_be_64(in_u8(in) % 16u),
		.died = rte_cpu_to_be_16(in_u8(in) % 4u)};

	for (uint32_t i = 0; i < n; i++, to += sizeof(grant)) {
		grant.lock = rte_cpu_to_be_32(what / 4 % 8 + i % 3);
		memcpy(to, &grant, sizeof(grant));
	}
	return n * (uint32_t)sizeof(grant);
}

static uint32_t
put_message(struct input *in, uint8_t *to)
{
	uint32_t len = in_u16(in) % (WIRE_MESSAGE_MAX + 2);

	memset(to, in_u8(in), len);
	return len;
}

static uint32_t
put_tail(struct input *in, uint8_t tail, uint8_t *to)
{
	uint32_t len;

	switch (tail) {
	case WIRE_TAIL_LOCKS:
		return put_locks(in, to, sizeof(rte_be32_t));
	case WIRE_TAIL_WANTS:
		return put_locks(in, to, sizeof(struct wire_lock_want));
	case WIRE_TAIL_GRANTS:
		return put_grants(in, to);
	case WIRE_TAIL_SEND:
		/* How many ids there are stands in the record already, if it is right. */
		len = wire_pad(
			2u * ((const struct wire_send *)(to - sizeof(struct wire_send)))->nodes);
		len = RTE_MIN(len, 512u);
		memset(to, 0, len);
		if (len > 0)
			memcpy(to, (const rte_be16_t[]){RTE_BE16(2), RTE_BE16(3)}, 4);
		return len + put_message(in, to + len);
	case WIRE_TAIL_NAME:
		return put_name(in, to);
	case WIRE_TAIL_DATA:
		len = in_u16(in) % 1400;
		memset(to, in_u8(in), len);
		return len;
	case WIRE_TAIL_NODES:
		return put_nodes(in, to);
	case WIRE_TAIL_OWNERS:
		len = put_name(in, to);
		memset(to + len, 0, wire_pad(len) - len);
		return wire_pad(len) + put_nodes(in, to + wire_pad(len));
	default:
		return 0;
	}
}

static uint32_t
length_field(struct input *in, uint8_t op)
{
	switch (op) {
	case WIRE_OP_GET:
	case WIRE_OP_FILL:
		return in_u16(in);
	case WIRE_OP_OWNERS:
		return in_u8(in) % 160;
	case WIRE_OP_FETCH_ADD ... WIRE_OP_CAS:
		return in_u8(in) % 4 != 0 ? 8 : in_u8(in);
	default:
		return 0;
	}
}

/* The name in front of a tail, mostly said to be as long as it is; alone, nothing pads it. */
static uint32_t
put_create_name(struct input *in, uint8_t *fixed, uint32_t tail)
{
	struct wire_pool_create *create = (struct wire_pool_create *)fixed;
	const uint8_t *name = (const uint8_t *)(create + 1);
	uint8_t n = 0;

	while (n < tail && n < WIRE_NAME_MAX && name[n] >= 'a' && name[n] <= 'd')
		n++;
	if (in_u8(in) % 8 != 0)
		create->name_len = n;
	return tail == wire_pad(n) ? n : tail;
}

/* A record of at most 56 fixed bytes and its tail; returns its size. */
static uint32_t
put_record(struct input *in, uint8_t *to, uint32_t room)
{
	static const uint8_t ops[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 16, 17, 18, 19, 20, 21, 22,
		24, 25, 26, 27, 28, 29, 30};
	static const uint8_t sync_ops[] = {
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 41, 42, 43, 44, 45, 46, 48};
	uint8_t what = in_u8(in), op = what < 220 ? ops[what % RTE_DIM(ops)] : in_u8(in);
	uint16_t modes = in_u16(in);
	/* Bits that are none are left alone. */
	uint8_t ordered = modes & 0x8000 ? in_u8(in) : 0;
	const struct wire_op_info *info;
	uint32_t len, size, tail;

	if (what >= 220 && op < 240)
		op = sync_ops[op % RTE_DIM(sync_ops)];
	info = &wire_op_table[op];
	len = length_field(in, op);
	size = RTE_MAX(info->fixed, 8u);
	if (room < size + WIRE_DATA_MAX)
		return 0;
	for (uint32_t at = 8; at < size; at += 8, modes >>= 3) {
		rte_be64_t be = rte_cpu_to_be_64(word(in, op, at / 8 - 1, modes));

		memcpy(to + at, &be, sizeof(be));
	}
	tail = put_tail(in, info->tail, to + size);
	if (op == WIRE_OP_POOL_CREATE)
		tail = put_create_name(in, to, tail);
	if (info->tail != WIRE_TAIL_NONE)
		len = tail;
	if (modes & 0x40)
		len = (uint32_t)in_field(in, modes >> 4, len);
	wire_record_write(to, op, ordered, 0, len);
	memset(to + size + tail, 0, wire_pad(tail) - tail);
	return size + wire_pad(tail);
}

/* What the records will be taken for; each gets a number of its own. */
static void
expect(struct peer *peer, uint8_t *records, uint32_t len)
{
	uint32_t size;

	for (uint32_t off = 0; off < len; off += size) {
		struct wire_record *rec = (struct wire_record *)(records + off);

		size = wire_request_size(rec, len - off);
		if (size == 0) {
			peer->malformed = true;
			return;
		}
		rec->id = rte_cpu_to_be_16((uint16_t)nb_ids);
		expected[nb_ids++] = (struct expected){.op = rec->op,
			.peer = (uint8_t)(peer - peers),
			.len = rte_be_to_cpu_32(rec->len)};
		outstanding++;
	}
}

/* The same records once and again, as many as a frame takes. */
static uint32_t
repeat(uint8_t *buf, uint32_t len, unsigned int n)
{
	uint32_t at = len;

	for (; n > 0 && len > 0 && at + len <= RTE_MBUF_DEFAULT_DATAROOM; n--, at += len)
		memcpy(buf + at, buf, len);
	return at;
}

/* A frame of records. */
static void
send_frame(struct net *net, struct input *in)
{
	static uint8_t buf[3 * WIRE_DATA_MAX] __rte_aligned(8);
	struct peer *peer = &peers[in_below(in, PEERS)];
	uint8_t how = in_u8(in), many = in_u8(in), *to;
	unsigned int n = 1 + how % 16;
	bool order = how & 128;
	uint32_t len = 0;

	if (peer->s == NULL || peer->malformed || nb_ids > IDS - RTE_MBUF_DEFAULT_DATAROOM / 8)
		return;
	while (n-- > 0)
		len += put_record(in, buf + len, (uint32_t)sizeof(buf) - len);
	if (many > 128)
		len = repeat(buf, len, many - 128u);
	len = RTE_MIN(len, (uint32_t)peer->s->mss);
	to = rdp_request(peer->s, len);
	if (to == NULL) {
		step(net, 8);
		return;
	}
	expect(peer, buf, len);
	memcpy(to, buf, len);
	if (order)
		rdp_order(peer->s);
	rdp_flush(peer->node->ep);
}

/* A frame that ends in the middle of a record. */
static void
send_odd(struct net *net, struct input *in)
{
	struct peer *peer = &peers[in_below(in, PEERS)];
	struct rdp_session *s = peer->s != NULL ? node_peer_session(peer->s, net->node[0]) : NULL;
	const uint8_t *records;
	size_t len = in_span(in, in_u8(in), &records);

	if (s == NULL || s->state != RDP_OPEN || peer->malformed || len % 8 == 0)
		return;
	/* From here on the two ends do not count alike: it has to be the last. */
	peer->malformed = true;
	forge_data(net, 0, s, records, (uint32_t)len);
	step(net, 2);
	for (unsigned int i = 0; i < nb_ids; i++) {
		outstanding -= expected[i].op != 0 && &peers[expected[i].peer] == peer;
		if (&peers[expected[i].peer] == peer)
			expected[i].op = 0;
	}
	if (peer->s != NULL)
		rdp_close(peer->s);
	peer->s = NULL;
}

static void
run_one(struct net *net, struct input *in)
{
	switch (in_below(in, 7)) {
	case 0:
	case 1:
	case 2:
		send_frame(net, in);
		break;
	case 3:
		step(net, 1 + in_below(in, 16));
		break;
	case 4:
		control_stopped = !control_stopped;
		break;
	case 5:
		/* A request or a response that is lost takes effect once, all the same. */
		net->port[in_below(in, 1 + PEERS)].drop_next[WIRE_DATA] = 1 + in_below(in, 4);
		break;
	default:
		send_odd(net, in);
		break;
	}
}

static void
peer_up(struct net *net, unsigned int i)
{
	struct peer *peer = &peers[i];
	struct node_conf conf = node_conf(net, i + 1);

	conf.rdp.window = 256;
	/* Who has nothing in flight hears of the end of a session by asking. */
	conf.rdp.keepalive_ns = NET_MS;
	*peer = (struct peer){.node = node_start(net, i + 1, &conf)};
	peer->node->untimed = true; /* time goes in leaps */
	peer->node->ep->handler = &handler;
	peer->node->ep->handler_ctx = peer;
	forge_no_chance(peer->node);
	peer->s = node_connect(peer->node, 0);
	step(net, 4);
	CHECK(peer->s->state == RDP_OPEN);
}

static void
sync_up(struct target_conf *tc)
{
	const struct sync_conf locks = {.nb_locks = 8, .nb_grants = 24, .nb_calls = 8, .seed = 1};
	const struct comm_conf inboxes = {.nb_chunks = 4, .nb_refs = 4, .nb_loans = 6};
	size_t len[2] = {sync_table_size(&locks), comm_table_size(&inboxes)};
	int err;

	CHECK(posix_memalign(&sync_zone, RTE_CACHE_LINE_SIZE, len[0]) == 0);
	CHECK(posix_memalign(&comm_zone, RTE_CACHE_LINE_SIZE, len[1]) == 0);
	sync = sync_create(sync_zone, len[0], &locks, &err);
	comm = comm_create(comm_zone, len[1], &inboxes, &err);
	CHECK(sync != NULL && comm != NULL);
	CHECK(sync_reserve(sync, 1, "aa", &(uint32_t){0}) == 0);
	CHECK(sync_reserve(sync, 2, NULL, &(uint32_t){0}) == 0);
	tc->sync = sync;
	tc->comm = comm;
	tc->nb_refs = inboxes.nb_refs;
}

static void
sync_down(void)
{
	sync_detach(sync);
	comm_detach(comm);
	free(sync_zone);
	free(comm_zone);
}

static struct mem *
memory_up(void)
{
	const struct mem_conf conf = {
		.last_pool = 5,
		.max_nodes = 8,
		.max_sets = 8,
		.seed = 1,
		.provider = {.reserve = zone_reserve,
			.lookup = zone_lookup,
			.release = zone_release},
	};
	struct mem_pool_params params = {.name = "aa",
		.size = MEM_PAGE_SIZE,
		.max_size = 4 * MEM_PAGE_SIZE,
		.max_names = 16,
		.quota = MEM_PAGE_SIZE / 2};
	uint16_t pool, set;
	struct mem *m;
	int err;

	m = mem_create(&conf, &err);
	CHECK(m != NULL);
	CHECK(mem_pool_create(m, &params, 0, &pool) == 0);
	/* One for everyone, one of the first peer's. */
	CHECK(mem_alloc(m, pool, 8192, 0, MEM_SET_EVERYONE, "bb", &known[0]) == 0);
	CHECK(mem_set_of_node(m, 2, &set) == 0);
	CHECK(mem_alloc(m, pool, 640, 0, set, NULL, &known[1]) == 0);
	nb_known = 2;
	return m;
}

static void
server_up(struct net *net, struct mem *m, uint8_t how)
{
	struct node_conf conf = node_conf(net, 0);
	struct target_conf tc = {.mem = m,
		.nb_workers = 1 + (how & 1),
		.mapped = how & 2,
		.socket_id = SOCKET_ID_ANY};
	struct node *node;

	workers = tc.nb_workers;
	tc.clock = net_clock(net);
	sync_up(&tc);
	CHECK(target_create(&tc, &target) == 0);
	for (unsigned int i = 0; i < workers; i++)
		target_worker_online(target_worker_at(target, i));
	conf.rdp.crc = how & 4;
	conf.rdp.window = how & 8 ? 8 : 256;
	conf.rdp.no_coalesce = how & 16;
	conf.rdp.tx_udp_cksum = how & 32;
	conf.rdp.tx_gather = how & 32;
	net->port[0].gathers = how & 32;
	conf.rdp.cc = how & 64 ? RDP_CC_SWIFT : RDP_CC_FIXED;
	conf.rdp.cc_target_ns = RDP_CC_TARGET_US * NET_US;
	node = node_start(net, 0, &conf);
	node->untimed = true;
	node->ep->handler = &target_handler;
	node->ep->handler_ctx = target_worker_at(target, 0);
	forge_no_chance(node);
}

static bool
drained(void)
{
	for (unsigned int i = 0; i < PEERS; i++)
		if (peers[i].s != NULL && peers[i].malformed)
			return false;
	return outstanding == 0;
}

/* Nothing that is ordered waits for what was answered. */
static void
check_jobs(const struct net *net)
{
	for (unsigned int i = 0; i < PEERS; i++) {
		struct rdp_session *s = peers[i].s;

		if (s == NULL)
			continue;
		s = node_peer_session(s, net->node[0]);
		CHECK(s != NULL && target_jobs(s) == 0 && s->parked == 0);
	}
}

static void
drain(struct net *net)
{
	unsigned int end = turns + DRAIN_TURNS;

	control_stopped = false;
	for (unsigned int i = 0; i <= PEERS; i++)
		net->port[i].drop_next[WIRE_DATA] = 0;
	/* What was lost several times waits for a tenth of a second. */
	net->step_ns = 50 * NET_US;
	while (!drained() && turns < end)
		step(net, 1);
	CHECK(drained());
	check_jobs(net);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct net *net = net_create();
	struct mem *m;

	net->logging = false;
	net->latency_ns = 0;
	net->step_ns = 5000;
	turns = nb_ids = outstanding = 0;
	control_stopped = false;
	memset(known, 0, sizeof(known));
	memset(told, 0, sizeof(told));
	nb_told = 0;
	m = memory_up();
	server_up(net, m, in_u8(&in));
	for (unsigned int i = 0; i < PEERS; i++)
		peer_up(net, i);
	while (in_left(&in) > 0 && turns < TURNS_MAX)
		run_one(net, &in);
	drain(net);
	net_free(net);
	target_destroy(target);
	sync_down();
	mem_destroy(m);
	for (unsigned int i = 0; i < ZONES; i++)
		CHECK(zones[i].name[0] == '\0');
	return 0;
}
