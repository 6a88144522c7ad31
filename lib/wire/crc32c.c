/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_hash_crc.h>

#include "wire/frame.h"

uint32_t
wire_crc32c(const void *data, uint32_t len)
{
	return ~rte_hash_crc(data, len, UINT32_MAX);
}
