/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdint.h>

/**
 * Status of an operation as it stands in a response record: one byte, 0 is success. The values
 * are part of the wire protocol and the same on every operating system, which errno values are
 * not. Outward, towards the application, a status is a negative errno.
 */
enum status {
	STATUS_OK = 0,
	STATUS_INVAL = 1,     /**< malformed or impossible argument */
	STATUS_NOENT = 2,     /**< no such pool, name or allocation */
	STATUS_EXIST = 3,     /**< the name is taken */
	STATUS_NOMEM = 4,     /**< no space left in the pool, or pool limit reached */
	STATUS_PERM = 5,      /**< the node does not own the memory */
	STATUS_FAULT = 6,     /**< the range leaves the pool */
	STATUS_STALE = 7,     /**< the range touches free memory */
	STATUS_BUSY = 8,      /**< in use; or the memory node is short of resources: try again */
	STATUS_NOTSUP = 9,    /**< operation unknown to the peer */
	STATUS_MSGSIZE = 10,  /**< record larger than the operation allows */
	STATUS_NOSPC = 11,    /**< a table is full */
	STATUS_IO = 12,       /**< the memory node failed in a way it does not explain */
	STATUS_QUOTA = 13,    /**< the node has as much of the pool as it may */
	STATUS_DEADLK = 14,   /**< the requester has the lock, or waits for it */
	STATUS_TIMEDOUT = 15, /**< not within the time that the request gave */
	STATUS_CANCELED = 16, /**< it waited, and was ended without an effect */
	STATUS_NOLCK = 17,    /**< the fencing token is not that of a lock held */
	STATUS_NOBUFS = 18,   /**< a receiver takes no more for now */
	STATUS_MAX
};

/** Negative errno for @p status; -EIO for values of a later version. 0 for STATUS_OK. */
int status_to_errno(uint8_t status);

/** Status for a negative (or zero) @p err as lib/mem and its siblings return them. */
uint8_t status_from_errno(int err);

#endif /* BASE_STATUS_H */
