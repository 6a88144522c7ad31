/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SHMX_API_H
#define SHMX_API_H

/**
 * @file
 * The mark that every public header uses.
 *
 * The library is built with hidden symbols: only what carries SHMX_API can be called from
 * outside, and all of it is named shmx_*.
 */

/** Put in front of the declaration of every function and variable that programs may use. */
#define SHMX_API __attribute__((visibility("default")))

#endif /* SHMX_API_H */
