/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/cc.h"

/* All of the negotiated window, always. rdp_cc_active() keeps the calls per frame away from it. */

static void
fixed_init(struct rdp_session *s)
{
}

static void
fixed_on_ack(struct rdp_session *s, uint32_t acked, uint32_t rtt)
{
}

static void
fixed_on_event(struct rdp_session *s)
{
}

static uint32_t
fixed_window(const struct rdp_session *s)
{
	return (uint32_t)s->window << RDP_CC_SHIFT;
}

const struct rdp_cc_ops rdp_cc_fixed = {
	.name = "fixed",
	.init = fixed_init,
	.on_ack = fixed_on_ack,
	.on_loss = fixed_on_event,
	.on_timeout = fixed_on_event,
	.on_spurious = fixed_on_event,
	.window = fixed_window,
};
