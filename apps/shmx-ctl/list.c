/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "connect.h"
#include "list.h"

/* One answer's worth. @return how many, or negative errno. */
static int
ask_some(struct ctl *c, const struct list *list, uint32_t first)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	int ret = ctl_wait(c, list->start(c, first, cookie), cookie, &event);

	return ret < 0 ? ret : (int)event.value;
}

enum ctl_exit
list_print(struct ctl *c, const struct list *list)
{
	uint64_t first = 1;
	struct table t;
	int n;

	table_begin(&t, c->opt.json, list->columns, list->nb_columns);
	do {
		n = ask_some(c, list, (uint32_t)first);
		for (int i = 0; i < n; i++)
			first = UINT64_C(1) +
			        list->row(c, &t,
					RTE_PTR_ADD(list->infos, (size_t)i * list->info_size));
	} while (n > 0 && first <= list->last);
	if (n < 0) {
		table_free(&t);
		return ctl_explain(c, list->what, n);
	}
	return table_print(&t, list->key) < 0 ? CTL_FAILED : CTL_DONE;
}
