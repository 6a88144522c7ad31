/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CLIENT_INBOX_H
#define CLIENT_INBOX_H

#include "client/client_private.h"

/**
 * @file
 * What a session has got for this node and the application has not taken yet. The memory node
 * sends no more than `window` bytes of messages beyond what it knows to be consumed, so there is
 * always room for what comes.
 *
 * Messages lie in `ring` one behind the other, each with its header and whole: one that would not
 * fit at the end begins at the beginning. `got` and `shown` are places in it.
 */

struct inbox {
	struct inbox *next; /**< of the endpoint */
	uint8_t *ring;
	uint32_t size;   /**< of `ring`: the window, and the longest message that may not fit */
	uint32_t window; /**< a quarter of it consumed is told */
	uint32_t got;    /**< where the next message goes */
	uint32_t shown;  /**< the first one that was not told */
	uint32_t nb_new; /**< messages from `shown` on */
	uint32_t bytes_shown; /**< told in the latest poll: consumed with the next one */
	uint64_t arrived;     /**< bytes of messages since it was opened */
	uint64_t consumed;    /**< since it was opened; as the memory node counts */
	uint64_t told;        /**< of these */
	uint64_t cookie;
	uint64_t lines; /**< with counts, a bit each */
	uint64_t count[SHMX_LINES];
	void (*on_signal)(void *ctx, uint8_t line, uint64_t count);
	void *ctx;
	int notify_fd;
	uint32_t opening; /**< place among shmx_ep.kept of the event of its opening, if it is there
	                   */
	shmx_session_t session;
	bool open;
	bool news; /**< came in this poll */
};

/** An event record of a session. @return its size; 0: it is none that may come. */
uint32_t inbox_input(
	struct shmx_ep *ep, struct rdp_session *s, const struct wire_record *rec, uint32_t room);

/** What the last poll told has been consumed. */
void inboxes_consume(struct shmx_ep *ep);

/** Tell what is there, as far as there is room for events. */
void inboxes_tell(struct shmx_ep *ep);

/** Tell what found no room in the last poll, before anything else: events of operations may fill
 * every poll. They have the other half of @p max. */
void inboxes_turn(struct shmx_ep *ep, uint16_t max);

/** The answer to shmx_inbox_open() or _close(); its event is the next one. */
void inbox_opened(struct shmx_ep *ep, shmx_session_t session, int32_t status);

/** The session has ended. */
void inbox_ended(struct shmx_ep *ep, shmx_session_t session);

/** A message was refused, which was sent in this run. */
void inbox_refused(struct shmx_ep *ep, shmx_session_t session, uint16_t run);

void inboxes_free(struct shmx_ep *ep);

#endif /* CLIENT_INBOX_H */
