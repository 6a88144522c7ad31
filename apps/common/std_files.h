/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_STD_FILES_H
#define COMMON_STD_FILES_H

/**
 * Let standard input, output and error be open. Where one was closed, the next file that is opened
 * would take its number, and with it what is printed: EAL's shared configuration, for one. Using
 * what was closed fails as before. To be called first of all.
 */
void std_files_open(void);

#endif /* COMMON_STD_FILES_H */
