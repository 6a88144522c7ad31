/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * A path may carry less than both ends take, and drops what is larger without a word. So CONNECT
 * and its ACCEPT are as long as the largest frames will be. When that gets no answer, CONNECTs of
 * all sizes below go beside it, the largest first: the first ACCEPT that comes back at full length
 * says what passes both ways. One that is not padded passes where nothing else does.
 */

/* Of links and of tunnels over them (RFC 1191, section 7, and what is in use now), down to the
 * least that there may be. */
static const uint16_t sizes[] = {
	8950, 8900, 8166, 4352, 2002, 1500, 1492, 1480, 1450, 1420, 1400, 1360, RDP_MTU_MIN};

static void
connect_sized(struct rdp_session *s, struct wire_hello *hello, uint16_t mtu)
{
	hello->mtu = rte_cpu_to_be_16(mtu);
	rdp_send_padded(s, WIRE_CONNECT, hello, sizeof(*hello), mtu);
}

void
rdp_pmtu_connect(struct rdp_session *s, struct wire_hello *hello)
{
	if (s->sized) {
		hello->mtu = rte_cpu_to_be_16(s->mtu);
		rdp_send_control(s, WIRE_CONNECT, hello, sizeof(*hello));
		return;
	}
	connect_sized(s, hello, s->mtu);
	if (s->tries < RDP_MTU_TRIES)
		return;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
		if (sizes[i] < s->mtu)
			connect_sized(s, hello, sizes[i]);
	hello->mtu = RTE_BE16(RDP_MTU_MIN);
	rdp_send_control(s, WIRE_CONNECT, hello, sizeof(*hello));
}

bool
rdp_pmtu_accepted(struct rdp_session *s, uint16_t mtu, uint32_t len)
{
	bool full = len + rdp_ip_overhead(s->peer_ip) >= mtu;

	if (s->sized)
		return !full && mtu == s->mtu;
	if (!full) {
		if (++s->small >= RDP_MTU_TRIES)
			rdp_session_fail(s, -EMSGSIZE);
		return false;
	}
	if (mtu < s->mtu)
		s->ep->stats.mtu_lowered++;
	/* Of several CONNECTs nobody knows which one made the session: both ends have to have one.
	 */
	s->sized = s->tries > RDP_MTU_TRIES;
	if (s->sized)
		s->tries = 0;
	s->mtu = mtu;
	return !s->sized;
}
