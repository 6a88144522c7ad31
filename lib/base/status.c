/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include "base/status.h"

static const int status_errno[STATUS_MAX] = {
	[STATUS_OK] = 0,
	[STATUS_INVAL] = EINVAL,
	[STATUS_NOENT] = ENOENT,
	[STATUS_EXIST] = EEXIST,
	[STATUS_NOMEM] = ENOMEM,
	[STATUS_PERM] = EPERM,
	[STATUS_FAULT] = EFAULT,
	[STATUS_STALE] = ESTALE,
	[STATUS_BUSY] = EBUSY,
	[STATUS_NOTSUP] = ENOTSUP,
	[STATUS_MSGSIZE] = EMSGSIZE,
	[STATUS_NOSPC] = ENOSPC,
	[STATUS_IO] = EIO,
	[STATUS_QUOTA] = EDQUOT,
	[STATUS_DEADLK] = EDEADLK,
	[STATUS_TIMEDOUT] = ETIMEDOUT,
	[STATUS_CANCELED] = ECANCELED,
	[STATUS_NOLCK] = ENOLCK,
	[STATUS_NOBUFS] = ENOBUFS,
};

int
status_to_errno(uint8_t status)
{
	return status < STATUS_MAX ? -status_errno[status] : -EIO;
}

/* Values that lower layers tell apart and the wire does not. */
static int
wire_errno(int err)
{
	switch (err) {
	case -ENAMETOOLONG:
		return -EINVAL;
	case -E2BIG:
		return -ENOMEM;
	case -EAGAIN:
		return -EBUSY;
	default:
		return err;
	}
}

uint8_t
status_from_errno(int err)
{
	err = wire_errno(err);
	for (unsigned int s = 0; s < STATUS_MAX; s++)
		if (-status_errno[s] == err)
			return (uint8_t)s;
	return STATUS_IO;
}
