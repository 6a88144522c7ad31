/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_POOL_INFO_H
#define CTL_POOL_INFO_H

#include "ctl.h"

/** `pool list`: what pools there are. */
enum ctl_exit pool_list(struct ctl *c);

/** `pool stat NAME`: one of them, and who holds what of it. */
enum ctl_exit pool_stat(struct ctl *c);

#endif /* CTL_POOL_INFO_H */
