/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SHMX_VERSION_H
#define SHMX_VERSION_H

#include "shmx_api.h"

/**
 * @file
 * Version of the library: that of the headers a program was compiled with, and that of the
 * library it runs with.
 */

#ifdef __cplusplus
extern "C" {
#endif

/** Version of these headers. The same numbers stand in the top-level meson.build. */
#define SHMX_VERSION_MAJOR 0
#define SHMX_VERSION_MINOR 1
#define SHMX_VERSION_PATCH 0

/** Version of these headers in words. */
#define SHMX_VERSION_STRING "0.1.0"

/** One number out of three, for comparison: SHMX_VERSION >= SHMX_VERSION_NUM(1, 2, 0). */
#define SHMX_VERSION_NUM(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

/** Version of these headers as one number. */
#define SHMX_VERSION SHMX_VERSION_NUM(SHMX_VERSION_MAJOR, SHMX_VERSION_MINOR, SHMX_VERSION_PATCH)

/**
 * Version of the library in use.
 *
 * @return
 *   "major.minor.patch", a constant string; never NULL. Needs no initialized EAL.
 */
SHMX_API const char *shmx_version(void);

#ifdef __cplusplus
}
#endif

#endif /* SHMX_VERSION_H */
