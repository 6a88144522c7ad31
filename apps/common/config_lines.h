/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_CONFIG_LINES_H
#define COMMON_CONFIG_LINES_H

#include "problem.h"

/**
 * Look for lines that rte_cfgfile would skip, cut or refuse without a reason: neither section,
 * nor key = value, nor comment; too long; a section or key given twice; no value.
 * @return 0, or -EINVAL with a problem that names file and line.
 */
int config_lines_check(const char *path, struct problem *p);

/**
 * Line of the first @p key of the section with index @p section, or of the section's heading
 * when @p key is NULL. @return 0 when it is not there.
 */
unsigned int config_lines_find(const char *path, int section, const char *key);

#endif /* COMMON_CONFIG_LINES_H */
