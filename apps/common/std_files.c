/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <fcntl.h>
#include <unistd.h>

#include "std_files.h"

void
std_files_open(void)
{
	/* The lowest free number is taken, so the order matters; the wrong way round, so that
	 * reading and writing fail. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
