/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "told.h"

#define ATTEMPT 1 /* in rdp_session.user */

static bool
is_attempt(const struct rdp_session *s)
{
	return s->user[0] == ATTEMPT && s->state != RDP_CLOSING;
}

static bool
is_open(const struct rdp_session *s)
{
	return s->user[0] != ATTEMPT && s->state != RDP_CLOSING;
}

void
told_connecting(struct told *t, struct rdp_session *s)
{
	CHECK(s->state == RDP_RESOLVE || s->state == RDP_HELLO);
	s->user[0] = ATTEMPT;
	t->attempts++;
}

void
told_opened(struct told *t, struct rdp_session *s, int status)
{
	const struct rdp_conf *conf = &s->ep->conf;

	CHECK(status <= 0);
	t->attempts -= s->user[0] == ATTEMPT;
	/* Only what was asked for can fail. */
	CHECK(status == 0 || s->user[0] == ATTEMPT);
	CHECK(t->attempts >= 0);
	s->user[0] = 0;
	if (status != 0)
		return;
	CHECK(s->state == RDP_OPEN && s->peer_inc != 0 && s->local_inc != 0);
	CHECK(s->window >= 8 && s->window <= conf->window);
	CHECK(s->mss % 8 == 0 && s->mss >= 1024 && s->mss <= conf->mtu);
	CHECK(s->initiator || s->peer_node != 0);
	t->open++;
}

void
told_closed(struct told *t, const struct rdp_session *s, int status)
{
	CHECK(status <= 0 && s->user[0] != ATTEMPT);
	t->open--;
	CHECK(t->open >= 0);
}

void
told_closing(struct told *t, const struct rdp_session *s)
{
	t->attempts -= is_attempt(s);
	t->open -= is_open(s);
}

void
told_check(const struct told *t, const struct node *node)
{
	int attempts = 0, open = 0;

	for (uint16_t i = 0; i < node->conf.max_sessions; i++) {
		const struct rdp_session *s = rdp_session_at(node->ep, i);

		if (s == NULL)
			continue;
		CHECK(s->index == i && s->state != RDP_FREE && s->local_inc != 0);
		attempts += is_attempt(s);
		open += is_open(s);
	}
	CHECK(attempts == t->attempts);
	CHECK(open == t->open);
}
