/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef SHMX_API_H
#define SHMX_API_H

/**
 * @file
 * Marks that every public header uses.
 *
 * The library is built with hidden symbols: only what carries SHMX_API can be called from
 * outside, and all of it is named shmx_*.
 */

/** Put in front of the declaration of every function and variable that programs may use. */
#define SHMX_API __attribute__((visibility("default")))

/** Around the declarations of a public header, so that C++ programs can include it. */
#ifdef __cplusplus
#define SHMX_BEGIN_DECLS extern "C" {
#define SHMX_END_DECLS   }
#else
#define SHMX_BEGIN_DECLS
#define SHMX_END_DECLS
#endif

#endif /* SHMX_API_H */
