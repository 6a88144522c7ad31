/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp.h"
#include "sessions.h"

static void
look_at(const struct server_pair *pair, const struct rdp_session *s, struct session_view *v)
{
	*v = (struct session_view){
		.index = s->index,
		.peer_node = s->peer_node,
		.peer_ip = s->peer_ip,
		.peer_port = s->peer_port,
		.state = s->state,
		.mtu = s->mtu,
		.srtt_ns = (uint64_t)s->srtt << WIRE_TS_SHIFT,
		.in_flight = s->tx_next - s->tx_una,
		.age_ns = rdp_now(pair->ep) - s->opened_ns,
	};
}

void
sessions_look(void *view)
{
	struct sessions_view *v = view;
	uint32_t i = v->first, end = RTE_MIN(v->first + SESSIONS_SCAN, v->limit);
	const struct rdp_session *s;

	v->nb = 0;
	for (; i < end && v->nb < SESSIONS_MAX; i++) {
		s = rdp_session_at(v->pair->ep, (uint16_t)i);
		if (s != NULL)
			look_at(v->pair, s, &v->session[v->nb++]);
	}
	v->first = i < v->limit ? i : 0;
}

const char *
session_state_name(uint8_t state)
{
	switch (state) {
	case RDP_OPEN:
		return "open";
	case RDP_CLOSING:
		return "closing";
	case RDP_FREE:
		return "free";
	default:
		return "connecting";
	}
}
