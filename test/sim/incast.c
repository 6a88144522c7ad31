/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "base/histogram.h"
#include "incast.h"
#include "rdp/rdp_private.h"

#define STEP_NS       200
#define POLL_NS       1000 /* a sender without frames polls so often */
#define SAMPLE_NS     20000
#define CONNECT_NS    UINT64_C(100000000)
#define MTU           1500
#define WIRE_OVERHEAD 24 /* preamble, gap and FCS of Ethernet */
/* A frame with one request that fills it. */
#define FRAME_BYTES                                                                                \
	((uint32_t)sizeof(struct wire_ipv4_hdrs) +                                                 \
		RTE_ALIGN_FLOOR(                                                                   \
			MTU + RTE_ETHER_HDR_LEN - (uint32_t)sizeof(struct wire_ipv4_hdrs), 8u))
#define START_NS      UINT64_C(5000000000)
#define RESPONSE_SIZE 16

/* Both kinds of records begin like this; a response is nothing else. */
struct record {
	uint64_t start_ns;
	uint32_t size;
	uint32_t response;
};

static_assert(sizeof(struct record) == RESPONSE_SIZE, "a multiple of eight");

struct hop {
	struct rte_mbuf *m;
	uint64_t at_ns;
};

/* First in, first out; what it does not hold is counted by the caller. */
struct fifo {
	struct hop *hop;
	uint32_t head, n, size;
};

/* A line: frames leave one after the other, and arrive after the latency. */
struct link {
	struct fifo fifo;
	uint64_t free_ns;
};

struct host {
	struct incast *net;
	struct rdp_ep *ep;
	struct link out;  /* from here to the switch */
	struct fifo in;   /* from the switch */
	uint64_t poll_ns; /* next poll without a frame */
	unsigned int opened;
};

struct flow {
	uint64_t done;    /* requests that took effect while it counts */
	uint64_t next_ns; /* of the next request, when they have a gap */
};

struct incast {
	struct incast_conf conf;
	uint64_t now_ns, end_ns, random;
	struct rte_mempool *pool;
	struct host *host; /* the receiver is the first */
	unsigned int nb_hosts;
	struct flow *flow; /* by index at the receiver */
	struct fifo queue; /* the shared one */
	uint64_t queue_bytes, queue_free_ns;
	bool running, counting;
	double queue_sum;
	uint64_t queue_steps;
	uint64_t sampled_ops, sampled_ns, all_ops;
	struct histogram latency;
	struct incast_result result;
};

static uint64_t
next_random(struct incast *net)
{
	uint64_t z = net->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* ---- lines and the queue ------------------------------------------------------------- */

static void
fifo_put(struct fifo *f, struct rte_mbuf *m, uint64_t at_ns)
{
	if (f->n == f->size) {
		struct hop *hop = calloc(f->size * 2 + 64, sizeof(*hop));

		if (hop == NULL)
			abort();
		for (uint32_t i = 0; i < f->n; i++)
			hop[i] = f->hop[(f->head + i) % f->size];
		free(f->hop);
		f->hop = hop;
		f->head = 0;
		f->size = f->size * 2 + 64;
	}
	f->hop[(f->head + f->n++) % f->size] = (struct hop){m, at_ns};
}

/* The first one when it is due; NULL. */
static struct rte_mbuf *
fifo_get(struct fifo *f, uint64_t now_ns)
{
	struct rte_mbuf *m;

	if (f->n == 0 || f->hop[f->head].at_ns > now_ns)
		return NULL;
	m = f->hop[f->head].m;
	f->head = (f->head + 1) % f->size;
	f->n--;
	return m;
}

static void
fifo_free(struct fifo *f)
{
	struct rte_mbuf *m;

	while ((m = fifo_get(f, UINT64_MAX)) != NULL)
		rte_pktmbuf_free(m);
	free(f->hop);
}

static uint32_t
wire_bytes(uint32_t len)
{
	return RTE_MAX(len, 60u) + WIRE_OVERHEAD;
}

static uint64_t
line_ns(const struct incast *net, uint32_t len)
{
	return (uint64_t)((double)wire_bytes(len) * 8 / net->conf.gbps);
}

static uint16_t
host_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;
	struct incast *net = h->net;

	for (uint16_t i = 0; i < n; i++) {
		h->out.free_ns = RTE_MAX(h->out.free_ns, net->now_ns) +
		                 line_ns(net, mbufs[i]->pkt_len);
		fifo_put(&h->out.fifo, mbufs[i], h->out.free_ns + net->conf.latency_ns / 2);
	}
	return n;
}

static uint16_t
host_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;
	uint16_t got = 0;

	while (got < n && (mbufs[got] = fifo_get(&h->in, h->net->now_ns)) != NULL)
		mbufs[got++]->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return got;
}

static void
queue_put(struct incast *net, struct rte_mbuf *m)
{
	if (net->queue_bytes + m->pkt_len > net->conf.buffer) {
		net->result.drops += net->counting;
		rte_pktmbuf_free(m);
		return;
	}
	net->queue_bytes += m->pkt_len;
	net->queue_free_ns = RTE_MAX(net->queue_free_ns, net->now_ns) + line_ns(net, m->pkt_len);
	fifo_put(&net->queue, m, net->queue_free_ns);
}

/* Frames to the receiver queue up at its port; those to the senders never meet. */
static void
switch_turn(struct incast *net)
{
	unsigned int first = (unsigned int)(next_random(net) % (net->nb_hosts - 1));
	struct rte_mbuf *m;

	for (unsigned int i = 0; i + 1 < net->nb_hosts; i++) {
		struct host *h = &net->host[1 + (first + i) % (net->nb_hosts - 1)];

		while ((m = fifo_get(&h->out.fifo, net->now_ns)) != NULL)
			queue_put(net, m);
	}
	while ((m = fifo_get(&net->queue, net->now_ns)) != NULL) {
		net->queue_bytes -= m->pkt_len;
		fifo_put(&net->host[0].in, m, net->now_ns + net->conf.latency_ns / 2);
	}
	while ((m = fifo_get(&net->host[0].out.fifo, net->now_ns)) != NULL) {
		uint32_t to = rte_be_to_cpu_32(rdp_hdrs(m)->ip.dst_addr) & 0xffff;

		fifo_put(&net->host[to].in, m, net->now_ns + net->conf.latency_ns / 2);
	}
}

/* ---- the layer above the sessions ----------------------------------------------------- */

static bool
answer(struct incast *net, struct rdp_session *s, const struct record *r)
{
	struct record *to = (struct record *)rdp_response(s, RESPONSE_SIZE);

	if (to == NULL)
		return false;
	*to = (struct record){.start_ns = r->start_ns, .size = RESPONSE_SIZE, .response = 1};
	net->all_ops++;
	net->flow[s->index].done += net->counting;
	return true;
}

static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct incast *net = ((struct host *)ctx)->net;
	uint32_t off = 0;

	while (off < len) {
		const struct record *r = (const struct record *)(records + off);

		if (!r->response && !answer(net, s, r))
			break;
		if (r->response && net->counting)
			histogram_add(&net->latency, net->now_ns - r->start_ns);
		off += r->size;
	}
	return (int32_t)off;
}

static void
on_batch_end(void *ctx)
{
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	struct host *h = ctx;

	h->opened += status == 0;
}

static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	((struct host *)ctx)->opened--;
}

static const struct rdp_handler handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.opened = on_opened,
	.closed = on_closed,
};

static void
ask(struct incast *net, struct rdp_session *s, struct flow *flow)
{
	struct record *r;

	while (flow->next_ns <= net->now_ns) {
		r = (struct record *)rdp_request(s, s->mss);
		if (r == NULL)
			return;
		*r = (struct record){.start_ns = net->now_ns, .size = s->mss};
		if (net->conf.op_gap_ns > 0)
			flow->next_ns = net->now_ns + net->conf.op_gap_ns;
	}
}

static void
host_turn(struct host *h)
{
	struct incast *net = h->net;

	rdp_poll(h->ep);
	for (uint16_t i = 0; h != net->host && net->running && i < net->conf.sessions; i++) {
		struct rdp_session *s = rdp_session_at(h->ep, i);

		if (s != NULL && s->state == RDP_OPEN)
			ask(net, s, &net->flow[s->peer_index]);
		if (s != NULL && net->counting)
			net->result.request_room_least = RTE_MIN(
				net->result.request_room_least, s->request_room);
	}
	rdp_flush(h->ep);
	h->poll_ns = net->now_ns + POLL_NS - next_random(net) % (POLL_NS / 4);
}

/* ---- time ------------------------------------------------------------------------------- */

static void
sample(struct incast *net)
{
	uint64_t ns = net->now_ns - net->sampled_ns;

	if (ns < SAMPLE_NS || net->conf.csv == NULL)
		return;
	fprintf(net->conf.csv, "%.0f,%" PRIu64 ",%.4f\n",
		(double)(net->now_ns + net->conf.warmup_ns + net->conf.duration_ns - net->end_ns) /
			1000,
		net->queue_bytes,
		(double)((net->all_ops - net->sampled_ops) * line_ns(net, FRAME_BYTES)) /
			(double)ns);
	net->sampled_ns = net->now_ns;
	net->sampled_ops = net->all_ops;
}

static void
step(struct incast *net)
{
	switch_turn(net);
	for (unsigned int i = 0; i < net->nb_hosts; i++) {
		struct host *h = &net->host[i];

		if (h->poll_ns <= net->now_ns ||
			(h->in.n > 0 && h->in.hop[h->in.head].at_ns <= net->now_ns))
			host_turn(h);
	}
	if (net->counting) {
		net->queue_sum += (double)net->queue_bytes;
		net->queue_steps++;
		net->result.queue_max = RTE_MAX(net->result.queue_max, (uint32_t)net->queue_bytes);
	}
	net->now_ns += STEP_NS;
}

/* ---- bringing it up ------------------------------------------------------------------- */

static uint64_t
clock_source(void *ctx)
{
	return ((const struct incast *)ctx)->now_ns;
}

static int
host_create(struct incast *net, unsigned int index)
{
	struct host *h = &net->host[index];
	const struct incast_conf *c = &net->conf;
	uint16_t sessions = (uint16_t)(index == 0 ? c->senders * c->sessions : c->sessions);
	struct rdp_conf conf = {
		.io = {.ctx = h, .rx_burst = host_rx, .tx_burst = host_tx},
		.clock = {.source = clock_source, .ctx = net},
		.handler = &handler,
		.handler_ctx = h,
		.pool = net->pool,
		.mac = {{2, 0, 0, 0, (uint8_t)(index >> 8), (uint8_t)index}},
		.ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + index),
		.udp_port = WIRE_UDP_PORT,
		.node = (uint16_t)(index + 1),
		.epoch = START_NS,
		.mtu = MTU,
		.window = c->window,
		.max_sessions = sessions,
		.listen = index == 0,
		.tx_udp_cksum = true,
		.rto_min_ns = 200000,
		.ack_delay_ns = 25000,
		.peer_timeout_ns = UINT64_C(2000000000),
		.keepalive_ns = UINT64_C(1000000000),
		.cc = c->cc,
		.cc_target_ns = c->cc_target_ns,
		.socket_id = SOCKET_ID_ANY,
	};

	h->net = net;
	return rdp_ep_create(&conf, &h->ep);
}

static bool
all_open(const struct incast *net)
{
	for (unsigned int i = 1; i < net->nb_hosts; i++)
		if (net->host[i].opened < net->conf.sessions)
			return false;
	return true;
}

/* What every client does before it sends much: ask for a pool, one after the other. So all know
 * how long the way is when nobody is on it. */
static void
greet_all(struct incast *net)
{
	for (unsigned int i = 0; i < net->conf.senders * net->conf.sessions; i++) {
		struct host *h = &net->host[1 + i % net->conf.senders];
		struct rdp_session *s = rdp_session_at(h->ep, (uint16_t)(i / net->conf.senders));
		uint64_t until = net->now_ns + 10 * net->conf.latency_ns;
		struct record *r = (struct record *)rdp_request(s, RESPONSE_SIZE);

		*r = (struct record){.start_ns = net->now_ns, .size = RESPONSE_SIZE};
		h->poll_ns = net->now_ns;
		while (net->now_ns < until)
			step(net);
	}
}

static int
connect_all(struct incast *net)
{
	struct rdp_session *s;
	int ret = 0;

	for (unsigned int i = 1; i < net->nb_hosts && ret == 0; i++)
		for (unsigned int k = 0; k < net->conf.sessions && ret == 0; k++)
			ret = rdp_connect(net->host[i].ep,
				ip_addr_v4(rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0))), WIRE_UDP_PORT,
				&s);
	while (ret == 0 && !all_open(net) && net->now_ns < START_NS + CONNECT_NS)
		step(net);
	return ret == 0 && !all_open(net) ? -ETIMEDOUT : ret;
}

static int
create(struct incast *net)
{
	const struct incast_conf *c = &net->conf;
	static unsigned int count;
	unsigned int flows = c->senders * c->sessions;
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret = 0;

	net->nb_hosts = c->senders + 1;
	net->host = calloc(net->nb_hosts, sizeof(*net->host));
	net->flow = calloc(flows, sizeof(*net->flow));
	snprintf(name, sizeof(name), "incast%u", count++);
	/* Kept frames, frames on their way, and caches; no endpoint is to feel pressure. */
	net->pool = rte_pktmbuf_pool_create(name,
		(flows * c->window * 3 / 2 + net->nb_hosts * 2 * RDP_MBUF_CACHE) * 3 / 2, 0, 0,
		RTE_PKTMBUF_HEADROOM + MTU + 64, SOCKET_ID_ANY);
	if (net->host == NULL || net->flow == NULL || net->pool == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < net->nb_hosts && ret == 0; i++)
		ret = host_create(net, i);
	return ret;
}

static void
destroy(struct incast *net)
{
	for (unsigned int i = 0; net->host != NULL && i < net->nb_hosts; i++) {
		rdp_ep_destroy(net->host[i].ep);
		fifo_free(&net->host[i].in);
		fifo_free(&net->host[i].out.fifo);
	}
	fifo_free(&net->queue);
	rte_mempool_free(net->pool);
	free(net->host);
	free(net->flow);
	free(net);
}

/* ---- results ------------------------------------------------------------------------------ */

static void
fairness(struct incast *net)
{
	unsigned int n = net->conf.senders * net->conf.sessions;
	double sum = 0, squares = 0, least = -1;

	for (unsigned int i = 0; i < n; i++) {
		double x = (double)net->flow[i].done;

		sum += x;
		squares += x * x;
		least = least < 0 || x < least ? x : least;
	}
	net->result.ops = (uint64_t)sum;
	net->result.jain = squares > 0 ? sum * sum / (n * squares) : 0;
	net->result.least = sum > 0 ? least * n / sum : 0;
}

static void
repeats(const struct incast *net, uint64_t *retransmits, uint64_t *timeouts)
{
	*retransmits = 0;
	*timeouts = 0;
	for (unsigned int i = 0; i < net->nb_hosts; i++) {
		*retransmits += rdp_ep_stats(net->host[i].ep)->tx_retransmit;
		*timeouts += rdp_ep_stats(net->host[i].ep)->rto;
	}
}

static void
measure(struct incast *net)
{
	struct incast_result *r = &net->result;
	uint64_t begin = net->now_ns + net->conf.warmup_ns, retransmits = 0, timeouts = 0;

	net->end_ns = begin + net->conf.duration_ns;
	net->sampled_ns = net->now_ns;
	net->running = true;
	while (net->now_ns < net->end_ns) {
		if (!net->counting && net->now_ns >= begin) {
			net->counting = true;
			repeats(net, &retransmits, &timeouts);
		}
		step(net);
		sample(net);
	}
	fairness(net);
	repeats(net, &r->retransmits, &r->timeouts);
	r->retransmits -= retransmits;
	r->timeouts -= timeouts;
	r->queue_mean = net->queue_sum / (double)net->queue_steps;
	r->goodput = (double)(r->ops * line_ns(net, FRAME_BYTES)) / (double)net->conf.duration_ns;
	r->p50_ns = histogram_quantile(&net->latency, 0.5);
	r->p99_ns = histogram_quantile(&net->latency, 0.99);
	r->p999_ns = histogram_quantile(&net->latency, 0.999);
}

struct incast_conf
incast_conf_default(void)
{
	return (struct incast_conf){
		.senders = 64,
		.sessions = 1,
		.cc_target_ns = RDP_CC_TARGET_US * UINT64_C(1000),
		.window = 128,
		.gbps = 25,
		.buffer = 2 << 20,
		.latency_ns = 5000,
		.warmup_ns = 10000000,
		.duration_ns = 40000000,
		.seed = 1,
	};
}

int
incast_run(const struct incast_conf *conf, struct incast_result *result)
{
	struct incast *net = calloc(1, sizeof(*net));
	int ret;

	if (net == NULL)
		return -ENOMEM;
	net->conf = *conf;
	net->now_ns = START_NS;
	net->random = conf->seed;
	net->result.request_room_least = UINT16_MAX;
	histogram_reset(&net->latency);
	ret = create(net);
	if (ret == 0)
		ret = connect_all(net);
	if (ret == 0) {
		greet_all(net);
		measure(net);
		*result = net->result;
	}
	destroy(net);
	return ret;
}
