/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "base/status.h"
#include "rdp/peer_table.h"
#include "rdp/rdp_private.h"

/* doc/protocol.md, section "Sessions", has the state machines. */

static struct wire_hello
hello_of(const struct rdp_session *s)
{
	const struct rdp_conf *conf = &s->ep->conf;

	return (struct wire_hello){
		.version_min = WIRE_VERSION,
		.version_max = WIRE_VERSION,
		.session = rdp_wire_index(s),
		.node = rte_cpu_to_be_16(conf->node),
		.mtu = rte_cpu_to_be_16(conf->mtu),
		.window = rte_cpu_to_be_16(conf->window),
		.features = rte_cpu_to_be_32(conf->crc ? WIRE_FEATURE_CRC : 0),
		.epoch = rte_cpu_to_be_64(conf->epoch),
		.stamp = rte_cpu_to_be_32(s->stamp),
		.cookie = rte_cpu_to_be_64(s->cookie),
	};
}

static uint64_t
retry_ns(const struct rdp_session *s)
{
	return RTE_MIN(RDP_HANDSHAKE_NS << RTE_MIN(s->tries, 10), RDP_HANDSHAKE_MAX_NS);
}

/*
 * A CONNECT with a wrong cookie gets no answer, ever. The CHALLENGE may have been damaged in a way
 * that its checksum does not tell, or its sender may have started anew since: so after a while
 * another one is asked for.
 */
static void
send_hello(struct rdp_session *s)
{
	struct wire_hello hello = hello_of(s);

	if (s->state == RDP_HELLO || s->tries >= RDP_CONNECT_TRIES)
		rdp_send_control(s, WIRE_HELLO, &hello, sizeof(hello));
	if (s->state == RDP_CONNECT)
		rdp_pmtu_connect(s, &hello);
	rdp_timer_arm(s, s->ep->now_ns + retry_ns(s));
	s->tries += s->tries < UINT8_MAX;
}

/* The peer's Ethernet address: known, or ask for it and look again soon. */
static void
resolve(struct rdp_session *s)
{
	static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct rdp_ep *ep = s->ep;
	struct rte_ether_addr mac = broadcast;
	int ret = 0;

	if (ep->conf.neigh != NULL)
		ret = neigh_resolve(ep->conf.neigh, &ep->self, s->peer_ip, ep->now_ns, &mac);
	if (ret == 0) {
		rdp_session_address(s, &mac, s->peer_ip, s->peer_port);
		s->state = RDP_HELLO;
		send_hello(s);
		return;
	}
	if (ret == -EAGAIN &&
		neigh_want_request(ep->conf.neigh, &ep->self, s->peer_ip, ep->now_ns) &&
		rdp_txq_taken(ep) < RDP_TXQ) {
		struct rte_mbuf *m = l2_build_request(ep->conf.pool, &ep->self, s->peer_ip);

		if (m != NULL && rdp_vlan_tag(ep, &m))
			rdp_txq_put(ep, m, NULL, false);
		else
			rte_pktmbuf_free(m);
	}
	rdp_timer_arm(s, ep->now_ns + RDP_HANDSHAKE_NS / 8);
}

static void
send_close(struct rdp_session *s)
{
	if (s->tries >= RDP_CLOSE_TRIES) {
		rdp_session_free(s);
		return;
	}
	rdp_send_control(s, WIRE_CLOSE, NULL, 0);
	rdp_timer_arm(s, s->ep->now_ns + retry_ns(s));
	s->tries++;
}

/* Time in which nobody polled this endpoint is not the attempt's. */
static void
excuse_stall(struct rdp_session *s)
{
	uint64_t now = s->ep->now_ns;

	if (now > s->timer_ns && now - s->timer_ns > s->ep->conf.peer_timeout_ns / 8)
		s->opened_ns = RTE_MIN(s->opened_ns + (now - s->timer_ns), now);
}

void
rdp_handshake_timer(struct rdp_session *s)
{
	bool late;

	excuse_stall(s);
	late = s->ep->now_ns - s->opened_ns >= s->ep->conf.peer_timeout_ns;
	switch (s->state) {
	case RDP_RESOLVE:
		if (late)
			rdp_session_fail(s, -EHOSTUNREACH);
		else
			resolve(s);
		break;
	case RDP_HELLO:
	case RDP_CONNECT:
		if (late)
			rdp_session_fail(s, -ETIMEDOUT);
		else
			send_hello(s);
		break;
	case RDP_CLOSING:
		send_close(s);
		break;
	default:
		break;
	}
}

void
rdp_handshake_start(struct rdp_session *s)
{
	s->state = RDP_RESOLVE;
	resolve(s);
}

static void
refuse(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, enum status reason)
{
	struct wire_refuse body = {
		.reason = reason, .version_min = WIRE_VERSION, .version_max = WIRE_VERSION};

	ep->stats.handshakes_refused++;
	rdp_send_reply(ep, from, f, WIRE_REFUSE, rte_be_to_cpu_16(hello->session), 0, &body,
		sizeof(body), 0);
}

/* What proves the source: only one who receives at that address can know it. Also what the HELLO
 * had: @p crc. */
static uint64_t
cookie_for(const struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	uint32_t stamp, bool crc)
{
	const struct {
		struct ip_addr ip;
		uint32_t port, inc, stamp, crc;
	} data = {from->ip, from->port, f->src_inc, stamp, crc};

	static_assert(sizeof(data) == 32, "no padding");
	return rdp_cookie(ep->cookie_key, &data, sizeof(data));
}

static uint32_t
current_stamp(const struct rdp_ep *ep)
{
	return (uint32_t)(ep->now_ns >> RDP_COOKIE_SHIFT);
}

/* What strangers can cause has a budget, by the millisecond. */
static void
budget_renew(struct rdp_ep *ep)
{
	uint64_t ms = ep->now_ns >> 20;

	if (ms == ep->answer_ms)
		return;
	ep->answer_ms = ms;
	ep->resets = 0;
	ep->hellos = 0;
}

/* RESETs, sent and received, share one. */
bool
rdp_reset_allowed(struct rdp_ep *ep)
{
	budget_renew(ep);
	return ep->resets++ < RDP_RESETS_PER_MS;
}

static bool
hello_allowed(struct rdp_ep *ep)
{
	budget_renew(ep);
	return ep->hellos++ < RDP_HELLOS_PER_MS;
}

/* As peers are told. */
static uint8_t
worker_number(const struct rdp_ep *ep)
{
	return ep->conf.handover != NULL ? (uint8_t)(ep->conf.member + 1) : 1;
}

static void
hello_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello)
{
	uint32_t stamp = current_stamp(ep);
	struct {
		struct wire_challenge challenge;
		struct wire_workers workers;
	} __rte_packed __rte_aligned(2) body;

	if (!hello_allowed(ep)) {
		ep->stats.handshakes_ignored++;
		return;
	}
	if (!ep->conf.listen) {
		refuse(ep, from, f, hello, STATUS_NOTSUP);
		return;
	}
	if (hello->version_min > WIRE_VERSION || hello->version_max < WIRE_VERSION) {
		refuse(ep, from, f, hello, STATUS_NOTSUP);
		return;
	}
	body.challenge.stamp = rte_cpu_to_be_32(stamp);
	body.challenge.cookie = rte_cpu_to_be_64(
		cookie_for(ep, from, f, stamp, f->flags & WIRE_F_CRC));
	body.challenge.mtu = rte_cpu_to_be_16(ep->conf.mtu);
	body.workers.worker = worker_number(ep);
	body.workers.workers = ep->conf.handover != NULL ? (uint8_t)ep->conf.handover->nb : 1;
	rdp_send_reply(ep, from, f, WIRE_CHALLENGE, rte_be_to_cpu_16(hello->session), 0, &body,
		sizeof(body), 0);
}

static uint16_t
agreed_mtu(const struct rdp_ep *ep, const struct wire_hello *hello)
{
	return RTE_MIN(rte_be_to_cpu_16(hello->mtu), ep->conf.mtu);
}

/* As long as the CONNECT, which a peer may have made longer than we are wide. */
static void
send_accept(struct rdp_session *s, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, uint32_t len)
{
	const struct rdp_conf *conf = &s->ep->conf;
	struct wire_accept body = {
		.version = WIRE_VERSION,
		.worker = worker_number(s->ep),
		.session = rdp_wire_index(s),
		.node = rte_cpu_to_be_16(conf->node),
		.mtu = rte_cpu_to_be_16(agreed_mtu(s->ep, hello)),
		.window = rte_cpu_to_be_16(s->window),
		.features = rte_cpu_to_be_32(s->crc ? WIRE_FEATURE_CRC : 0),
		.epoch = rte_cpu_to_be_64(conf->epoch),
	};

	rdp_send_reply(s->ep, from, f, WIRE_ACCEPT, s->peer_index, s->local_inc, &body,
		sizeof(body),
		RTE_MIN(len - (uint32_t)sizeof(*f), rdp_body_max(from->ip, conf->mtu)));
}

/* Whether the CONNECT is later than the session that its sender has here already. */
static bool
supersedes(const struct rdp_session *old, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello)
{
	uint64_t epoch = rte_be_to_cpu_64(hello->epoch);

	if (epoch != old->peer_epoch)
		return epoch > old->peer_epoch;
	return wire_psn_before(rte_be_to_cpu_32(old->peer_inc), rte_be_to_cpu_32(f->src_inc));
}

static bool
is_node(rte_be16_t node)
{
	return node != 0 && rte_be_to_cpu_16(node) <= WIRE_NODE_MAX;
}

static bool
params_sane(const struct wire_hello *hello)
{
	uint16_t mtu = rte_be_to_cpu_16(hello->mtu);
	uint16_t window = rte_be_to_cpu_16(hello->window);

	return mtu >= RDP_MTU_MIN && window >= 8 && window <= WIRE_WINDOW_MAX &&
	       rte_is_power_of_2(window) && is_node(hello->node) &&
	       hello->session != RTE_BE16(WIRE_SESSION_NONE);
}

/* Whether the frame has no CRC, though its sender is known to put one on all of them: then damage
 * has turned the flag off. */
static bool
crc_missing(const struct rdp_session *s, const struct wire_frame *f)
{
	if (!s->control_crc || (f->flags & WIRE_F_CRC))
		return false;
	s->ep->stats.rx_bad_checksum++;
	return true;
}

/* What a CONNECT says of its sender, and what comes of it. Takes the session's place in the table
 * of peers. */
static int
accept_peer(struct rdp_session *s, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello)
{
	struct rdp_ep *ep = s->ep;
	bool crc = ep->conf.crc || (hello->features & RTE_BE32(WIRE_FEATURE_CRC));

	rdp_session_address(s, &from->mac, from->ip, from->port);
	s->peer_index = rte_be_to_cpu_16(hello->session);
	s->peer_node = rte_be_to_cpu_16(hello->node);
	s->peer_epoch = rte_be_to_cpu_64(hello->epoch);
	s->initiator = false;
	s->accepted = true;
	s->control_crc = crc && (f->flags & WIRE_F_CRC);
	rdp_session_established(s, f, agreed_mtu(ep, hello),
		RTE_MIN(rte_be_to_cpu_16(hello->window), ep->conf.window), crc);
	return peer_table_add(s);
}

static void
connect_new(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, uint32_t len)
{
	struct rdp_session *s = NULL;

	if (!peer_table_source_full(ep, from->ip))
		s = rdp_session_new(ep);
	if (s != NULL && accept_peer(s, from, f, hello) < 0) {
		rdp_session_free(s);
		s = NULL;
	}
	if (s == NULL) {
		refuse(ep, from, f, hello, STATUS_NOSPC);
		return;
	}
	send_accept(s, from, f, hello, len);
	ep->handler->opened(ep->handler_ctx, s, 0);
}

/* Whether ours is not above one of the same family. */
static bool
lower_address(const struct rdp_ep *ep, struct ip_addr other)
{
	struct ip_addr own = ip_addr_is_v4(other) ? ip_addr_v4(ep->ip) : ep->self.ip6;

	return memcmp(own.byte, other.byte, sizeof(own.byte)) <= 0;
}

/*
 * Both ends connect to each other at the same time. The attempt of the lower node id (of the lower
 * address, if they are the same) goes on, at both ends: this one ignores the other's CONNECT, or
 * makes its own attempt the session that the other asks for. Returns whether it was so.
 */
static bool
connect_crossed(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, uint32_t len)
{
	struct rdp_session *own = peer_table_find(ep, from, RTE_BE16(WIRE_SESSION_NONE));
	uint16_t node = rte_be_to_cpu_16(hello->node);

	if (own == NULL || (own->state != RDP_HELLO && own->state != RDP_CONNECT))
		return false;
	if (ep->conf.node < node || (ep->conf.node == node && lower_address(ep, from->ip)))
		return true;
	peer_table_del(own);
	if (accept_peer(own, from, f, hello) < 0) {
		rdp_session_fail(own, -ENOSPC);
		return true;
	}
	send_accept(own, from, f, hello, len);
	ep->handler->opened(ep->handler_ctx, own, 0);
	return true;
}

/* The peer began anew: what it had here is over. */
static void
give_up(struct rdp_session *old)
{
	if (old->state == RDP_CLOSING) {
		rdp_session_free(old);
		return;
	}
	peer_table_del(old);
	rdp_session_fail(old, -ECONNRESET);
}

/*
 * What an initiator found out is told by a CONNECT that is shorter than its MTU; by the latest, if
 * several come, and no more when the session is in use. Of those sent at the same time the largest
 * is the latest: it found out more and more.
 */
static void
connect_told(struct rdp_session *s, uint32_t ts, uint16_t mtu)
{
	if (ts == s->rx_ts && mtu < s->mtu)
		return;
	s->rx_ts = ts;
	s->rx_ns = s->ep->now_ns;
	rdp_session_mtu(s, mtu);
}

static void
connect_again(struct rdp_session *s, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, uint32_t len)
{
	uint32_t ts = rte_be_to_cpu_32(f->ts);

	if (s->state != RDP_OPEN)
		return;
	if (len + rdp_ip_overhead(from->ip) < rte_be_to_cpu_16(hello->mtu) && s->rx_next == 0) {
		if (wire_psn_before(ts, s->rx_ts))
			return;
		connect_told(s, ts, agreed_mtu(s->ep, hello));
	}
	send_accept(s, from, f, hello, len);
}

/* Who put a CRC on the HELLO puts one on the CONNECT; one more may learn of it by the CHALLENGE. */
static bool
cookie_right(const struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello)
{
	uint32_t stamp = rte_be_to_cpu_32(hello->stamp);
	uint64_t cookie = rte_be_to_cpu_64(hello->cookie);

	if (current_stamp(ep) - stamp > 1)
		return false;
	return cookie == cookie_for(ep, from, f, stamp, false) ||
	       ((f->flags & WIRE_F_CRC) && cookie == cookie_for(ep, from, f, stamp, true));
}

static void
connect_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_hello *hello, uint32_t len)
{
	struct rdp_session *old;

	if (!ep->conf.listen || f->src_inc == 0 || !cookie_right(ep, from, f, hello) ||
		!params_sane(hello)) {
		ep->stats.rx_stale++;
		return;
	}
	old = peer_table_find(ep, from, hello->session);
	/* It has made a session at another endpoint. */
	if (ep->from_ring) {
		if (old != NULL && supersedes(old, from, f, hello))
			give_up(old);
		return;
	}
	if (old != NULL && old->peer_inc == f->src_inc) {
		/* One that we began was accepted by that very attempt. */
		if (old->accepted)
			connect_again(old, from, f, hello, len);
		return;
	}
	if (old != NULL) {
		if (!supersedes(old, from, f, hello)) {
			ep->stats.rx_stale++;
			return;
		}
		give_up(old);
		/* Its index is free at the end of the poll; the peer asks again. */
		if (ep->nb_free == 0)
			return;
	}
	if (!connect_crossed(ep, from, f, hello, len))
		connect_new(ep, from, f, hello, len);
}

/* Our session that an answer to a handshake message is for. */
static struct rdp_session *
attempt_of(const struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = rdp_session_named(ep, f->session);

	if (s == NULL || s->local_inc != f->dst_inc || !ip_addr_equal(s->peer_ip, from->ip) ||
		s->peer_port != from->port || (s->state != RDP_HELLO && s->state != RDP_CONNECT))
		return NULL;
	return s;
}

void
rdp_ask_worker(struct rdp_session *s, uint8_t worker)
{
	s->worker_wanted = worker;
}

/*
 * The HELLO reached another worker than the one asked for: again from the next port. The attempt
 * has another incarnation then, so that late answers to this one are not taken. But a session that
 * the peer may still have is ended from its own port alone. Returns whether there is a port left to
 * be tried.
 */
static bool
next_port(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint8_t ports = (uint8_t)RTE_MIN(RDP_PORTS, UINT16_MAX + 1 - ep->udp_port);

	if (ep->conf.listen || ep->last_peer[s->index].in_doubt || ++s->ports_tried >= ports)
		return false;
	s->own_port = (uint8_t)((s->own_port + 1) % ports);
	ep->nb_ports = RTE_MAX(ep->nb_ports, s->own_port + 1u);
	ep->last_peer[s->index].own_port = s->own_port;
	rdp_session_renew(s);
	s->state = RDP_RESOLVE;
	s->tries = 0;
	resolve(s);
	return true;
}

static bool
wrong_worker(const struct rdp_session *s, const struct wire_challenge *c, uint32_t len)
{
	const struct wire_workers *w = (const struct wire_workers *)(c + 1);

	return s->state == RDP_HELLO && s->worker_wanted != 0 && len >= sizeof(*c) + sizeof(*w) &&
	       s->worker_wanted <= w->workers && s->worker_wanted != w->worker;
}

static void
challenge_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_challenge *c, uint32_t len)
{
	struct rdp_session *s = attempt_of(ep, from, f);

	/* The same again, from a HELLO that was repeated, asks for nothing new. */
	if (s == NULL || (s->state == RDP_CONNECT && s->cookie == rte_be_to_cpu_64(c->cookie)))
		return;
	if (wrong_worker(s, c, len) && next_port(s))
		return;
	s->control_crc = f->flags & WIRE_F_CRC;
	s->stamp = rte_be_to_cpu_32(c->stamp);
	s->cookie = rte_be_to_cpu_64(c->cookie);
	s->mtu = RTE_MAX(RTE_MIN(rte_be_to_cpu_16(c->mtu), ep->conf.mtu), RDP_MTU_MIN);
	s->small = 0;
	s->found = 0;
	s->state = RDP_CONNECT;
	s->tries = 0;
	send_hello(s);
}

/*
 * Whether this can have been agreed: no more than we offered, and with the CRC if we asked for
 * it. One that we did not ask for is the listener's wish, and as good.
 */
static bool
accept_sane(const struct rdp_conf *conf, uint16_t mtu, uint16_t window, bool crc)
{
	return window >= 8 && window <= conf->window && mtu >= RDP_MTU_MIN && mtu <= conf->mtu &&
	       (crc || !conf->crc);
}

/*
 * The peer's index is the session's from here on: what it had here before under that is over, and a
 * late CONNECT of an attempt of its own that gave way to ours is known by its incarnation.
 */
static void
become_known(struct rdp_session *s, const struct rdp_from *from, rte_be16_t peer_index)
{
	struct rdp_session *old = peer_table_find(s->ep, from, peer_index);

	if (old != NULL)
		give_up(old);
	peer_table_del(s);
	s->peer_index = rte_be_to_cpu_16(peer_index);
	peer_table_add(s);
}

static void
accept_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f,
	const struct wire_accept *a, uint32_t len)
{
	struct rdp_session *s = attempt_of(ep, from, f);
	uint16_t window = rte_be_to_cpu_16(a->window), mtu = rte_be_to_cpu_16(a->mtu);
	bool crc = a->features & RTE_BE32(WIRE_FEATURE_CRC);

	if (s == NULL || s->state != RDP_CONNECT || f->src_inc == 0 || crc_missing(s, f))
		return;
	if (!is_node(a->node) || a->session == RTE_BE16(WIRE_SESSION_NONE) ||
		!accept_sane(&ep->conf, mtu, window, crc)) {
		rdp_session_fail(s, -EPROTO);
		return;
	}
	if (!rdp_pmtu_accepted(s, mtu, len)) {
		if (s->found != 0 && s->tries == 0)
			send_hello(s);
		return;
	}
	become_known(s, from, a->session);
	s->worker = a->worker;
	s->control_crc = crc && (f->flags & WIRE_F_CRC);
	s->peer_node = rte_be_to_cpu_16(a->node);
	s->peer_epoch = rte_be_to_cpu_64(a->epoch);
	ep->last_peer[s->index].in_doubt = true;
	rdp_session_established(s, f, mtu, window, crc);
	ep->handler->opened(ep->handler_ctx, s, 0);
}

static void
refuse_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = attempt_of(ep, from, f);

	if (s != NULL && !crc_missing(s, f))
		rdp_session_fail(s, -ECONNREFUSED);
}

static void
reset_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = NULL;

	/* The sender does not know our index: a RESET names the session by its incarnations. */
	if (rdp_reset_allowed(ep))
		s = rdp_session_by_inc(ep, f->dst_inc, f->src_inc);
	if (s == NULL || !ip_addr_equal(s->peer_ip, from->ip) || crc_missing(s, f))
		return;
	rdp_session_forgotten(s);
	if (s->state == RDP_OPEN)
		rdp_session_fail(s, -ECONNRESET);
	else if (s->state == RDP_CLOSING)
		rdp_session_free(s);
}

static void
close_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = rdp_session_named(ep, f->session);

	/* An attempt knows no incarnation of its peer, and maybe not even where to answer to. */
	if (s != NULL && s->local_inc == f->dst_inc && s->peer_inc == f->src_inc &&
		s->peer_inc != 0) {
		if (crc_missing(s, f))
			return;
		rdp_send_control(s, WIRE_CLOSED, NULL, 0);
		rdp_session_forgotten(s);
		if (s->state == RDP_OPEN)
			rdp_session_fail(s, 0);
		return;
	}
	if (rdp_reset_allowed(ep))
		rdp_send_reply(ep, from, f, WIRE_CLOSED, WIRE_SESSION_NONE, f->dst_inc, NULL, 0, 0);
}

static void
closed_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = rdp_session_by_inc(ep, f->dst_inc, f->src_inc);

	if (s == NULL || s->state != RDP_CLOSING || crc_missing(s, f))
		return;
	rdp_session_forgotten(s);
	rdp_session_free(s);
}

void
rdp_unknown_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f)
{
	struct rdp_session *s = rdp_session_named(ep, f->session);

	ep->stats.rx_stale++;
	/* Our end is being closed or ended just now: the peer is told in its own way. */
	if (s != NULL && s->local_inc == f->dst_inc)
		return;
	/* The session is there, at another index: damage that the checksum did not see. */
	if (rdp_session_by_inc(ep, f->dst_inc, f->src_inc) != NULL || !rdp_reset_allowed(ep))
		return;
	ep->stats.resets_sent++;
	rdp_send_reply(ep, from, f, WIRE_RESET, WIRE_SESSION_NONE, f->dst_inc, NULL, 0, 0);
}

/* What has to follow the header of each type at least. */
static const uint8_t body_size[16] = {
	[WIRE_HELLO] = sizeof(struct wire_hello),
	[WIRE_CHALLENGE] = sizeof(struct wire_challenge),
	[WIRE_CONNECT] = sizeof(struct wire_hello),
	[WIRE_ACCEPT] = sizeof(struct wire_accept),
	[WIRE_REFUSE] = sizeof(struct wire_refuse),
};

void
rdp_control_input(
	struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f, uint32_t len)
{
	const void *body = f + 1;
	uint8_t type = wire_type(f);
	uint32_t body_len = len - (uint32_t)sizeof(*f);

	if (f->flags & WIRE_F_CRC)
		body_len -= WIRE_CRC_LEN;
	if (body_len < body_size[type])
		type = 0;
	switch (type) {
	case WIRE_HELLO:
		hello_input(ep, from, f, body);
		break;
	case WIRE_CHALLENGE:
		challenge_input(ep, from, f, body, body_len);
		break;
	case WIRE_CONNECT:
		connect_input(ep, from, f, body, len);
		break;
	case WIRE_ACCEPT:
		accept_input(ep, from, f, body, len);
		break;
	case WIRE_REFUSE:
		refuse_input(ep, from, f);
		break;
	case WIRE_RESET:
		reset_input(ep, from, f);
		break;
	case WIRE_CLOSE:
		close_input(ep, from, f);
		break;
	case WIRE_CLOSED:
		closed_input(ep, from, f);
		break;
	default:
		ep->stats.rx_malformed++;
		break;
	}
}
