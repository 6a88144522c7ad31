/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_malloc.h>

#include "rdp/peer_table.h"
#include "rdp/rdp_private.h"

static_assert(sizeof(struct rdp_session) <= 4096, "a session costs at most one page");

void
rdp_list_del(struct rdp_session *s, enum rdp_list_id id)
{
	struct rdp_list *list = &s->ep->list[id];

	if (!(s->in_lists & (1u << id)))
		return;
	/* From the end, where run_failed() takes from: all sessions may end at once. */
	for (uint16_t i = list->n; i-- > 0;) {
		if (list->item[i] == s) {
			rdp_list_del_at(s->ep, id, i);
			return;
		}
	}
}

static struct rdp_session *
session_memory(struct rdp_ep *ep)
{
	struct rdp_session *s = ep->spare;

	if (s == NULL)
		return rte_malloc_socket(
			"rdp_session", sizeof(*s), RTE_CACHE_LINE_SIZE, ep->conf.socket_id);
	ep->spare = s->timer_next;
	return s;
}

static uint32_t
incarnation(struct rdp_ep *ep)
{
	if (++ep->next_inc == 0)
		ep->next_inc = 1;
	return ep->next_inc;
}

/* Incarnations count up, so those of as many sessions as there may be fall into as many chains. */
static struct rdp_session **
inc_chain(const struct rdp_ep *ep, rte_be32_t inc)
{
	return &ep->by_inc[rte_be_to_cpu_32(inc) & ep->inc_mask];
}

static void
inc_add(struct rdp_session *s)
{
	struct rdp_session **chain = inc_chain(s->ep, s->local_inc);

	s->inc_next = *chain;
	*chain = s;
}

static void
inc_del(const struct rdp_session *s)
{
	struct rdp_session **at = inc_chain(s->ep, s->local_inc);

	while (*at != s)
		at = &(*at)->inc_next;
	*at = s->inc_next;
}

void
rdp_session_renew(struct rdp_session *s)
{
	inc_del(s);
	s->local_inc = rte_cpu_to_be_32(incarnation(s->ep));
	inc_add(s);
}

struct rdp_session *
rdp_session_by_inc(const struct rdp_ep *ep, rte_be32_t local_inc, rte_be32_t peer_inc)
{
	struct rdp_session *s = *inc_chain(ep, local_inc);

	while (s != NULL && (s->local_inc != local_inc || s->peer_inc != peer_inc))
		s = s->inc_next;
	return s;
}

struct rdp_session *
rdp_session_new_at(struct rdp_ep *ep, uint16_t index)
{
	struct rdp_session *s = session_memory(ep);

	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->ep = ep;
	s->index = index;
	s->local_inc = rte_cpu_to_be_32(incarnation(ep));
	s->no_coalesce = ep->conf.no_coalesce;
	s->opened_ns = ep->now_ns;
	s->heard_ns = ep->now_ns;
	ep->session[s->index] = s;
	inc_add(s);
	return s;
}

struct rdp_session *
rdp_session_new(struct rdp_ep *ep)
{
	struct rdp_session *s = NULL;

	if (ep->nb_free > 0)
		s = rdp_session_new_at(ep, ep->free_index[ep->nb_free - 1]);
	if (s != NULL)
		ep->nb_free--;
	return s;
}

/* End one that is being closed, if it leads there. */
static bool
stop_closing(struct rdp_ep *ep, struct ip_addr ip, rte_be16_t port)
{
	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		struct rdp_session *s = ep->session[i];

		if (s != NULL && s->state == RDP_CLOSING && s->initiator &&
			ip_addr_equal(s->peer_ip, ip) && s->peer_port == port) {
			rdp_session_free(s);
			return true;
		}
	}
	return false;
}

/* Let the index that last led there be the next to be taken; or else one that no other peer may
 * still have a session with, which only the next one with that index ends. */
static void
prefer_index(struct rdp_ep *ep, struct ip_addr ip, rte_be16_t port)
{
	uint16_t best = 0, index;
	bool found = false;

	for (uint16_t i = ep->nb_free; i-- > 0;) {
		const struct rdp_peer *last = &ep->last_peer[ep->free_index[i]];

		if (rdp_peer_is(last, ip, port)) {
			best = i;
			break;
		}
		if (!found && !last->in_doubt) {
			best = i;
			found = true;
		}
	}
	if (ep->nb_free == 0)
		return;
	index = ep->free_index[best];
	ep->free_index[best] = ep->free_index[ep->nb_free - 1];
	ep->free_index[ep->nb_free - 1] = index;
}

/*
 * A session that we begin has the index of one that led to the same peer before, which may be
 * about to be closed still. The peer may not know yet that the old one is over; the new one then
 * ends it there, and nothing of the old one that is still under way takes effect any more.
 */
struct rdp_session *
rdp_session_initiate(struct rdp_ep *ep, struct ip_addr ip, rte_be16_t port)
{
	if (!stop_closing(ep, ip, port))
		prefer_index(ep, ip, port);
	return rdp_session_new(ep);
}

void
rdp_session_forgotten(const struct rdp_session *s)
{
	if (s->initiator)
		s->ep->last_peer[s->index].in_doubt = false;
}

void
rdp_session_address(
	struct rdp_session *s, const struct rte_ether_addr *mac, struct ip_addr ip, rte_be16_t port)
{
	s->peer_ip = ip;
	s->peer_port = port;
	s->hdr_len = rdp_hdrs_fill(s->ep, &s->hdrs, mac, ip, port);
	/* In front of the frame, whatever is in front of it. */
	s->hdrs.v4.udp.src_port = rte_cpu_to_be_16((uint16_t)(s->ep->udp_port + s->own_port));
	s->wide = s->hdr_len != RDP_RECORDS_AT || s->ep->vlan_tci != 0;
	s->hdrs.v4.frame.session = RTE_BE16(WIRE_SESSION_NONE);
	s->hdrs.v4.frame.src_inc = s->local_inc;
}

/* Bytes of an IP datagram that are not records. */
static uint32_t
overhead(const struct rdp_session *s)
{
	uint32_t hdrs = ip_addr_is_v4(s->peer_ip) ? sizeof(s->hdrs.v4) : sizeof(s->hdrs.v6);

	return hdrs - RTE_ETHER_HDR_LEN + (s->crc ? WIRE_CRC_LEN : 0);
}

void
rdp_session_mtu(struct rdp_session *s, uint16_t mtu)
{
	s->mtu = mtu;
	s->mss = (uint16_t)RTE_ALIGN_FLOOR(mtu - overhead(s), 8u);
}

void
rdp_session_established(
	struct rdp_session *s, const struct wire_frame *f, uint16_t mtu, uint16_t window, bool crc)
{
	struct rdp_ep *ep = s->ep;
	struct wire_frame *own = &s->hdrs.v4.frame;

	s->state = RDP_OPEN;
	s->peer_inc = f->src_inc;
	own->version_type = WIRE_VERSION << 4 | WIRE_DATA;
	own->flags = crc ? WIRE_F_CRC : 0;
	own->session = rte_cpu_to_be_16(s->peer_index);
	own->dst_inc = s->peer_inc;
	s->crc = crc;
	rdp_hdrs_sum(s);
	s->tx_extra = (uint8_t)(s->hdr_len - RDP_RECORDS_AT + (crc ? WIRE_CRC_LEN : 0));
	rdp_session_mtu(s, mtu);
	s->window = window;
	s->rx_ts = rte_be_to_cpu_32(f->ts);
	s->rack_ts = ep->now_ts;
	s->rx_ns = ep->now_ns;
	s->heard_ns = ep->now_ns;
	s->tries = 0;
	rdp_cc_init(s, ep->conf.cc);
	ep->stats.sessions_opened++;
	rdp_timer_arm(s, ep->now_ns + ep->conf.keepalive_ns);
}

/* Give up all frames: in flight, parked, being filled, waiting for the port. */
static void
drop_frames(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint16_t kept = 0;

	s->tx_una = s->tx_next;
	rdp_release(s);
	rte_pktmbuf_free(s->open);
	rdp_frame_forget(s);
	rdp_park_clear(s);
	for (uint16_t i = 0; i < ep->txq_len; i++) {
		if (ep->txq[i].s != s)
			ep->txq[kept++] = ep->txq[i];
		else if (!ep->txq[i].kept)
			rte_pktmbuf_free(ep->txq[i].m);
		if (i + 1 == ep->txq_ready)
			ep->txq_ready = kept;
	}
	ep->txq_len = kept;
}

static void
leave_lists(struct rdp_session *s)
{
	for (unsigned int id = 0; id < RDP_LISTS; id++)
		rdp_list_del(s, (enum rdp_list_id)id);
}

void
rdp_hold(struct rdp_session *s)
{
	s->hold = true;
}

void
rdp_index_put(struct rdp_ep *ep, uint16_t index)
{
	ep->free_index[ep->nb_free++] = index;
}

void
rdp_session_free(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;

	drop_frames(s);
	leave_lists(s);
	rdp_timer_disarm(s);
	peer_table_del(s);
	inc_del(s);
	ep->session[s->index] = NULL;
	if (!s->hold)
		rdp_index_put(ep, s->index);
	ep->nb_closing -= s->state == RDP_CLOSING;
	s->state = RDP_FREE;
	s->timer_next = ep->spare;
	ep->spare = s;
}

void
rdp_session_fail(struct rdp_session *s, int error)
{
	if (s->state == RDP_FAILED || s->state == RDP_CLOSING)
		return;
	s->error = error;
	s->initiator = s->initiator && s->state != RDP_OPEN;
	s->state = RDP_FAILED;
	rdp_list_add(s, RDP_LIST_FAILED);
}

void
rdp_session_end(struct rdp_session *s, int status)
{
	struct rdp_ep *ep = s->ep;

	/* Nothing is left to be closed by the callback. */
	s->state = RDP_FREE;
	if (s->initiator) {
		ep->handler->opened(ep->handler_ctx, s, status);
	} else {
		ep->stats.sessions_closed++;
		ep->handler->closed(ep->handler_ctx, s, status);
	}
	rdp_session_free(s);
}

void
rdp_close(struct rdp_session *s)
{
	if (s->state == RDP_FREE || s->state == RDP_CLOSING)
		return;
	if (s->state != RDP_OPEN) {
		rdp_session_free(s);
		return;
	}
	drop_frames(s);
	leave_lists(s);
	s->state = RDP_CLOSING;
	s->ep->nb_closing++;
	s->ep->stats.sessions_closed++;
	rdp_handshake_timer(s);
}

uint16_t
rdp_closing(const struct rdp_ep *ep)
{
	return ep->nb_closing;
}

struct rdp_session *
rdp_session_at(struct rdp_ep *ep, uint16_t index)
{
	return index < ep->max_sessions ? ep->session[index] : NULL;
}
