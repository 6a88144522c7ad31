/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "base/log.h"

RTE_LOG_REGISTER(base_logtype, lib.shmx, NOTICE);
