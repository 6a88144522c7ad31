/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "base/status.h"
#include "client/client_private.h"

/*
 * What nobody hears of goes back. A request that was given up may succeed all the same; when that
 * made something that only its response names, the memory node is asked to take it back, under the
 * id of the request, which is free when that is answered. Until then `cookie`, which has been told,
 * is the address or lock, and `turn` counts the refusals.
 */

/* Where responses have room: requests may take all of theirs for as long as they like. */
static bool
undo_send(struct shmx_ep *ep, uint16_t id)
{
	const struct op *op = &ep->op[id];
	struct rdp_session *s = ep->session[op->session];
	struct wire_record *rec;

	static_assert(sizeof(struct wire_free) == sizeof(struct wire_lock_id), "one size for both");
	rec = (struct wire_record *)rdp_response(s, sizeof(struct wire_free));
	ep->no_room = rec == NULL;
	if (rec == NULL)
		return false;
	wire_record_write(rec, (uint8_t)op->len, 0, rte_cpu_to_be_16(id), 0);
	if (op->len == WIRE_OP_FREE) {
		((struct wire_free *)rec)->addr = rte_cpu_to_be_64(op->cookie);
	} else {
		struct wire_lock_id *lock = (struct wire_lock_id *)rec;

		lock->lock = rte_cpu_to_be_32((uint32_t)op->cookie);
		memset(lock->reserved, 0, sizeof(lock->reserved));
	}
	return true;
}

/* The memory node is short of something, or somebody has guessed the number of a lock. */
static bool
ask_again(struct op *op, uint8_t status)
{
	return status == STATUS_BUSY && op->turn < UINT16_MAX;
}

bool
client_undo(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec, bool *done)
{
	struct op *op = &ep->op[id];
	rte_be64_t made;

	if (op->kind == OP_UNDOES) {
		*done = !ask_again(op, rec->status);
		if (*done)
			return true;
		if (!undo_send(ep, id))
			return false;
		op->turn++;
		return true;
	}
	*done = rec->status != STATUS_OK;
	if (*done)
		return true;
	if (rec->len != RTE_BE32(sizeof(made)))
		return false;
	memcpy(&made, rec + 1, sizeof(made));
	op->cookie = rte_be_to_cpu_64(made);
	if (!undo_send(ep, id))
		return false;
	op->kind = OP_UNDOES;
	op->turn = 0;
	return true;
}
