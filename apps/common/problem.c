/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_string_fns.h>

#include "problem.h"

static void
print(struct problem *p, const char *format, va_list args)
{
	/* What va_start() sets is lost on the analyzer (llvm bug 41311). */
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(p->text, sizeof(p->text), format, args);
}

int
problem_set(struct problem *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(p, format, args);
	va_end(args);
	return -EINVAL;
}

int
problem_prefix(struct problem *p, const char *format, ...)
{
	struct problem old = *p;
	va_list args;

	va_start(args, format);
	print(p, format, args);
	va_end(args);
	strlcat(p->text, ": ", sizeof(p->text));
	strlcat(p->text, old.text, sizeof(p->text));
	return -EINVAL;
}
