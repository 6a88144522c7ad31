/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_LIST_H
#define CTL_LIST_H

/**
 * @file
 * Commands that list what has ids: asked for some at a time, from the lowest id on.
 */

#include "ctl.h"
#include "table.h"

/** Descriptions that are asked for at a time. */
#define LIST_MAX 64

struct list {
	const char *what; /**< the command */
	const char *key;  /**< of the rows in JSON */
	const struct column *columns;
	unsigned int nb_columns;
	void *infos; /**< LIST_MAX descriptions */
	size_t info_size;
	uint32_t last; /**< the highest id there may be */
	/** Ask for those from id @p first on, into `infos`; as shmx_pool_list(). */
	int (*start)(struct ctl *c, uint32_t first, uint64_t cookie);
	/** Put the row of one into the table; it may ask for more of it. @return its id. */
	uint32_t (*row)(struct ctl *c, struct table *t, const void *info);
};

enum ctl_exit list_print(struct ctl *c, const struct list *list);

#endif /* CTL_LIST_H */
