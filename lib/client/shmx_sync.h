/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SHMX_SYNC_H
#define SHMX_SYNC_H

/**
 * @file
 * Synchronous form of shmx.h, for tools and start-up code: each call starts one operation and polls
 * the endpoint until it has completed. Events of other operations that complete meanwhile are kept
 * for the next shmx_poll(). A call that finds a window full polls until there is room.
 *
 * **Every call here** whose name ends with _sync, but shmx_disconnect_sync(), returns -EINVAL when
 * the endpoint or the place for a result that cannot be left out is null, -EAGAIN when as many
 * events as the endpoint has operations are kept or to come, and else what the call without _sync
 * returns or, when that is 0, the status of its event.
 */

#include "shmx.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Completion of the one operation that the caller starts with @p cookie from shmx_wait_cookie().
 * Building block of the calls below, for operations that have no wrapper here:
 *
 *     uint64_t cookie = shmx_wait_cookie(ep);
 *     int ret = shmx_own(ep, addr, len, SHMX_OWNER_SELF, cookie);
 *     if (ret == 0)
 *         ret = shmx_wait(ep, cookie, &event);
 */
SHMX_API uint64_t shmx_wait_cookie(struct shmx_ep *ep);
/**
 * @param[out] event may be NULL
 * @return the status of that event.
 */
SHMX_API int shmx_wait(struct shmx_ep *ep, uint64_t cookie, struct shmx_event *event);

SHMX_API int shmx_connect_sync(
	struct shmx_ep *ep, const struct shmx_peer *peer, shmx_session_t *session);

/**
 * shmx_disconnect(), and poll until the peers of all sessions that the endpoint has ended know it,
 * or did not answer when told five times. Before an endpoint is destroyed that makes sure that
 * what the sessions held (locks, an inbox) is free at once, and not only when the memory node
 * notices the silence.
 * @return as shmx_disconnect(): 0, -EINVAL, -ENOTCONN, -EBUSY another thread polls.
 */
SHMX_API int shmx_disconnect_sync(struct shmx_ep *ep, shmx_session_t session);

SHMX_API int shmx_get_sync(struct shmx_ep *ep, shmx_addr_t src, void *dst, uint64_t len);
SHMX_API int shmx_put_sync(struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint64_t len);
SHMX_API int shmx_fill_sync(struct shmx_ep *ep, shmx_addr_t dst, uint64_t len, uint64_t pattern);
SHMX_API int shmx_atomic_sync(struct shmx_ep *ep, enum shmx_atomic_op op, shmx_addr_t addr,
	unsigned int width, uint64_t operand, uint64_t compare, uint64_t *before);
SHMX_API int shmx_alloc_sync(
	struct shmx_ep *ep, const struct shmx_alloc_req *req, shmx_addr_t *addr);
SHMX_API int shmx_free_sync(struct shmx_ep *ep, shmx_addr_t addr);
SHMX_API int shmx_lookup_sync(
	struct shmx_ep *ep, uint16_t pool, const char *name, shmx_addr_t *addr, uint64_t *len);
SHMX_API int shmx_pool_create_sync(struct shmx_ep *ep, shmx_session_t session,
	const struct shmx_pool_req *req, uint16_t *pool);
SHMX_API int shmx_pool_open_sync(
	struct shmx_ep *ep, shmx_session_t session, const char *name, uint16_t *pool);
SHMX_API int shmx_pool_destroy_sync(struct shmx_ep *ep, uint16_t pool, bool force);
SHMX_API int shmx_pool_stat_sync(struct shmx_ep *ep, uint16_t pool, struct shmx_pool_info *info);

SHMX_API int shmx_lock_reserve_sync(struct shmx_ep *ep, shmx_session_t session, uint32_t id,
	const char *name, uint32_t *reserved);
SHMX_API int shmx_lock_lookup_sync(
	struct shmx_ep *ep, shmx_session_t session, const char *name, uint32_t *id);
SHMX_API int shmx_lock_sync(struct shmx_ep *ep, shmx_session_t session,
	const struct shmx_lock_req *locks, unsigned int n, uint64_t timeout_us,
	struct shmx_lock_grant *grants);
SHMX_API int shmx_unlock_sync(
	struct shmx_ep *ep, shmx_session_t session, const uint32_t *locks, unsigned int n);
SHMX_API int shmx_barrier_sync(struct shmx_ep *ep, shmx_session_t session, uint32_t barrier,
	const uint16_t *nodes, unsigned int n, uint64_t timeout_us);
SHMX_API int shmx_inbox_open_sync(
	struct shmx_ep *ep, shmx_session_t session, const struct shmx_inbox_conf *conf);
SHMX_API int shmx_signal_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	uint8_t line, uint32_t count);
SHMX_API int shmx_send_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	const void *data, uint32_t len);

#ifdef __cplusplus
}
#endif

#endif /* SHMX_SYNC_H */
