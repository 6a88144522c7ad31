/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_JSON_H
#define COMMON_JSON_H

/** Print a text of the user, which may hold anything, as a JSON string. What is no UTF-8 becomes
 * the character that stands for such bytes, U+FFFD. */
void json_string(const char *text);

#endif /* COMMON_JSON_H */
