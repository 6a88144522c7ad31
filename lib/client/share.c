/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"

/*
 * How much of a session large transfers take. They leave room in the window for others always;
 * and while others are about, they keep no more in progress than the path needs, after Brakmo and
 * Peterson, "TCP Vegas", IEEE JSAC 13(8), 1995. One part at a time is timed. Of n parts in
 * progress, n * (1 - least / now) wait in a queue somewhere: at the port, in the network or in the
 * memory node. A small operation waits behind these, and behind no others.
 */

/** Others are about for so long after the last of them was, beside a transfer. */
#define OTHERS_NS UINT64_C(10000000)

/** Parts in a queue, in sixteenths: below the first the window grows, above the second it shrinks.
 * A small operation waits for these, and for the frame that the link is just sending. */
#define QUEUE_SHIFT 4
#define QUEUE_LEAST 8
#define QUEUE_MOST  16

#define WINDOW_LEAST 2

/** The least time is looked for anew this often, with the least window and so many parts: the path
 * may have become longer. */
#define LEAST_NS     UINT64_C(1000000000)
#define LEAST_ROUNDS 4

void
share_begin(struct shmx_ep *ep, uint16_t session)
{
	struct share *sh = &ep->share[session];

	sh->least_ns = UINT64_MAX;
	sh->look_ns = 0;
	sh->window = WINDOW_LEAST;
	sh->rounds = 0;
	sh->opening = true;
	sh->timed = CLIENT_NONE;
}

void
share_look(struct shmx_ep *ep)
{
	uint32_t others = ep->max_ops - ep->nb_free_op - ep->large;
	uint64_t others_done = ep->ops_done - ep->large_done;

	/* Those that had completed when the transfer began did not want to be beside it. */
	if (others > 0 || (ep->large > 0 && others_done != ep->others_done))
		ep->others_ns = rdp_now(ep->rdp);
	ep->others_done = others_done;
	ep->yields = !ep->greedy && ep->others_ns != 0 &&
	             rdp_now(ep->rdp) - ep->others_ns < OTHERS_NS;
}

static uint32_t
window_now(const struct share *sh)
{
	return sh->rounds > 0 ? WINDOW_LEAST : sh->window;
}

/* Whether a frame with a request may be in flight, and leave room for others. */
static bool
frame_left(const struct share *sh, const struct rdp_session *s, bool fills)
{
	uint32_t spare = rdp_request_spare(s);
	uint32_t most = s->request_room > spare ? s->request_room - spare : 1;

	/* No room may still mean one frame from time to time, which is not decided here. Nor is the
	 * first part's: others that never pause would keep it waiting for ever. */
	return s->request_room == 0 || sh->large == 0 ||
	       s->tx_next - s->tx_una + (fills && s->wr != NULL) < most;
}

/* Likewise operations of the endpoint. */
static bool
op_left(const struct shmx_ep *ep)
{
	uint32_t spare = RTE_MAX(ep->max_ops / 8u, 1u);

	return ep->large == 0 || ep->large + spare < ep->max_ops;
}

bool
share_left(struct shmx_ep *ep, const struct rdp_session *s, bool large, bool fills)
{
	struct share *sh = &ep->share[s->index];

	/* Each kind has its own: small ones do not wait until a large one has ended. */
	if (!large)
		return sh->parts - sh->large < BULK_WINDOW;
	if (sh->large >= BULK_WINDOW || !frame_left(sh, s, fills) || !op_left(ep))
		return false;
	if (likely(!ep->yields))
		return true;
	if (unlikely(sh->look_ns <= rdp_now(ep->rdp))) {
		sh->look_ns = rdp_now(ep->rdp) + LEAST_NS;
		sh->least_ns = UINT64_MAX;
		sh->rounds = LEAST_ROUNDS;
	}
	return sh->large < window_now(sh);
}

void
share_started(struct shmx_ep *ep, uint16_t id, bool whole)
{
	struct share *sh = &ep->share[ep->op[id].session];

	ep->op[id].large = true;
	ep->large++;
	sh->large++;
	/* The last one of those that the window allows sees what waits. */
	if (!whole || !ep->yields || sh->timed != CLIENT_NONE || sh->large != window_now(sh))
		return;
	sh->timed = id;
	sh->start_ns = clock_now(&ep->port->clock);
}

static void
adapt(struct share *sh, uint64_t ns)
{
	uint64_t queued;

	sh->least_ns = RTE_MIN(sh->least_ns, ns);
	if (sh->rounds > 0) {
		sh->rounds--;
		return;
	}
	queued = ((ns - sh->least_ns) * sh->window << QUEUE_SHIFT) / ns;
	if (queued < QUEUE_LEAST) {
		sh->window += sh->opening ? sh->window : 1;
		sh->window = (uint16_t)RTE_MIN(sh->window, BULK_WINDOW);
	} else {
		sh->opening = false;
		if (queued > QUEUE_MOST && sh->window > WINDOW_LEAST)
			sh->window--;
	}
}

void
share_done(struct shmx_ep *ep, uint16_t id, const struct op *op, int32_t status)
{
	struct share *sh = &ep->share[op->session];
	uint64_t ns;

	sh->parts--;
	if (!op->large)
		return;
	ep->large--;
	sh->large--;
	if (sh->timed != id)
		return;
	sh->timed = CLIENT_NONE;
	ns = rdp_now(ep->rdp) - sh->start_ns;
	if (status == 0 && (int64_t)ns > 0)
		adapt(sh, ns);
}
