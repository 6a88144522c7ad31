/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"
#include "client/inbox.h"

int
shmx_connect(
	struct shmx_ep *ep, const struct shmx_peer *peer, uint64_t cookie, shmx_session_t *session)
{
	struct rdp_session *s;
	int ret;

	if (ep == NULL || peer == NULL || session == NULL || ip_addr_is_none(client_peer_ip(peer)))
		return -EINVAL;
	if (client_is_polled(ep))
		return -EBUSY;
	if (!client_may_connect(ep))
		return -EAGAIN;
	ret = rdp_connect(ep->rdp, client_peer_ip(peer),
		peer->udp_port != 0 ? peer->udp_port : SHMX_UDP_PORT, &s);
	if (ret < 0)
		return ret;
	rdp_ask_worker(s, peer->worker);
	ep->connect_cookie[s->index] = cookie;
	ep->link[s->index] = (struct link){.peer = *peer};
	*session = s->index;
	return 0;
}

int
shmx_disconnect(struct shmx_ep *ep, shmx_session_t session)
{
	struct rdp_session *s;

	if (ep == NULL)
		return -EINVAL;
	if (client_is_polled(ep))
		return -EBUSY;
	if (link_end(ep, session)) {
		client_forget_session(ep, session);
		return 0;
	}
	s = rdp_session_at(ep->rdp, session);
	if (s == NULL || s->state == RDP_CLOSING || s->state == RDP_FAILED)
		return -ENOTCONN;
	client_forget_session(ep, session);
	inbox_ended(ep, session);
	client_fail_ops(ep, s);
	rdp_close(s);
	return 0;
}

int
shmx_session_worker(const struct shmx_ep *ep, shmx_session_t session)
{
	const struct rdp_session *s;

	if (ep == NULL)
		return -EINVAL;
	s = client_session(ep, session);
	return s != NULL ? s->worker : -ENOTCONN;
}

uint16_t
shmx_session_mtu(const struct shmx_ep *ep, shmx_session_t session)
{
	const struct rdp_session *s = ep != NULL ? rdp_session_at(ep->rdp, session) : NULL;

	return s != NULL && s->state == RDP_OPEN ? s->mtu : 0;
}

static_assert((int)SHMX_CC_FIXED == (int)RDP_CC_FIXED && (int)SHMX_CC_SWIFT == (int)RDP_CC_SWIFT,
	"the same list");

int
shmx_session_cc_set(struct shmx_ep *ep, shmx_session_t session, enum shmx_cc cc)
{
	struct rdp_session *s;

	if (ep == NULL)
		return -EINVAL;
	if (client_is_polled(ep))
		return -EBUSY;
	s = rdp_session_at(ep->rdp, session);
	return s != NULL ? rdp_cc_set(s, (enum rdp_cc)cc) : -ENOTCONN;
}
