/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * A path may carry less than both ends take, and drops what is larger without a word. So CONNECT
 * and its ACCEPT are as long as the largest frames will be. When that gets no answer, CONNECTs of
 * all sizes below go beside it, the largest first: the first ACCEPT that comes back at full length
 * says what passes both ways. One that is not padded passes where nothing else does.
 *
 * Larger ones may have been lost for want of buffers, at any end or between, and not for their
 * size. So they go once more, in front of the one that tells the listener what was found, and a
 * size is tried only when all larger ones have left. The one that tells is known by its length: an
 * ACCEPT is as long as its CONNECT.
 */

/* Of links and of tunnels over them (RFC 1191, section 7, and what is in use now), down to the
 * least that there may be. */
static const uint16_t sizes[] = {
	8950, 8900, 8166, 4352, 2002, 1500, 1492, 1480, 1450, 1420, 1400, 1360, RDP_MTU_MIN};

static bool
connect_sized(struct rdp_session *s, struct wire_hello *hello, uint16_t mtu)
{
	hello->mtu = rte_cpu_to_be_16(mtu);
	return rdp_send_padded(s, WIRE_CONNECT, hello, sizeof(*hello), mtu);
}

/* From the largest down, as far as they are above @p above. Returns whether all have left. */
static bool
connect_sizes(struct rdp_session *s, struct wire_hello *hello, uint16_t above)
{
	if (s->mtu > above && !connect_sized(s, hello, s->mtu))
		return false;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
		if (sizes[i] > above && sizes[i] < s->mtu && !connect_sized(s, hello, sizes[i]))
			return false;
	return true;
}

void
rdp_pmtu_connect(struct rdp_session *s, struct wire_hello *hello)
{
	if (s->found == 0 && s->tries < RDP_MTU_TRIES) {
		connect_sized(s, hello, s->mtu);
		return;
	}
	s->several = true;
	if (!connect_sizes(s, hello, s->found))
		return;
	hello->mtu = rte_cpu_to_be_16(s->found != 0 ? s->found : RDP_MTU_MIN);
	rdp_send_padded(s, WIRE_CONNECT, hello, sizeof(*hello), s->found != 0 ? RDP_MTU_TELL : 0);
}

bool
rdp_pmtu_accepted(struct rdp_session *s, uint16_t mtu, uint32_t len)
{
	uint32_t ip_len = len + rdp_ip_overhead(s->peer_ip);
	bool full = ip_len >= mtu;

	if (!full && s->found == 0 && ++s->small >= RDP_MTU_TRIES)
		rdp_session_fail(s, -EMSGSIZE);
	/* Of several CONNECTs nobody knows which one made the session: both ends have to have one.
	 */
	if (full && s->several && mtu > s->found) {
		s->found = mtu;
		s->tries = 0;
	}
	if (full ? s->several : mtu != s->found || ip_len < RDP_MTU_TELL)
		return false;
	if (mtu < s->mtu)
		s->ep->stats.mtu_lowered++;
	return true;
}
