/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* rte_hexdump() knows one piece in memory, by its address here, and shows every line. */

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "hexdump.h"

void
hexdump_begin(struct hexdump *h, FILE *to, uint64_t addr)
{
	*h = (struct hexdump){.to = to, .addr = addr};
}

static void
print_line(const struct hexdump *h)
{
	fprintf(h->to, "%016" PRIx64 " ", h->addr);
	for (unsigned int i = 0; i < HEXDUMP_LINE; i++) {
		fputs(i == HEXDUMP_LINE / 2 ? "  " : " ", h->to);
		if (i < h->len)
			fprintf(h->to, "%02x", h->line[i]);
		else
			fputs("  ", h->to);
	}
	fputs("  |", h->to);
	for (unsigned int i = 0; i < h->len; i++)
		fputc(isprint(h->line[i]) ? h->line[i] : '.', h->to);
	fputs("|\n", h->to);
}

static void
line_done(struct hexdump *h)
{
	bool again = h->any && h->len == HEXDUMP_LINE && memcmp(h->line, h->before, h->len) == 0;

	if (!again)
		print_line(h);
	else if (!h->star)
		fputs("*\n", h->to);
	h->star = again;
	memcpy(h->before, h->line, sizeof(h->before));
	h->any = true;
	h->addr += h->len;
	h->len = 0;
}

void
hexdump_add(struct hexdump *h, const void *data, size_t len)
{
	const uint8_t *from = data;
	size_t n;

	for (; len > 0; from += n, len -= n) {
		n = RTE_MIN(len, (size_t)(HEXDUMP_LINE - h->len));
		memcpy(h->line + h->len, from, n);
		h->len += (unsigned int)n;
		if (h->len == HEXDUMP_LINE)
			line_done(h);
	}
}

void
hexdump_end(struct hexdump *h)
{
	if (h->len > 0)
		line_done(h);
	fprintf(h->to, "%016" PRIx64 "\n", h->addr);
}
