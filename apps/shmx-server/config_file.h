/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_CONFIG_FILE_H
#define SERVER_CONFIG_FILE_H

#include "options.h"

/**
 * Read settings from a file on top of what is in @p o.
 * @return 0, or -EINVAL with a problem that names file, line and key.
 */
int config_file_read(const char *path, struct options *o, struct problem *p);

#endif /* SERVER_CONFIG_FILE_H */
