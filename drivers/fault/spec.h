/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_SPEC_H
#define FAULT_SPEC_H

/**
 * @file
 * Which faults, as people write them: `drop=1%,reorder=2%/8,delay=50us~20us,seed=7,dir=rx`.
 * doc/drivers.md has the keys. No state, no EAL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_dir { FAULT_RX, FAULT_TX, FAULT_DIRS };

#define FAULT_FOREVER    UINT64_MAX
#define FAULT_BITS_MAX   32            /**< of one frame to flip */
#define FAULT_FRAMES_MAX 1000          /**< to overtake one that steps aside */
#define FAULT_WAIT_NS    1000000       /**< longest a frame is set aside, unless told otherwise */
#define FAULT_NS_MAX     3600000000000 /**< longest time that can be asked for: an hour */
#define FAULT_TEXT_MAX   512           /**< of settings as text, with the end */

/** What one direction suffers. Percentages are 0 to 100, of all frames. */
struct fault_spec {
	double drop, dup, reorder, flip, trunc;
	uint32_t reorder_frames; /**< let 1 to so many later ones pass; 0: wait for a time only */
	uint64_t reorder_ns;     /**< longest wait, or the time to wait at random */
	uint64_t delay_ns;       /**< of every frame */
	uint64_t jitter_ns;      /**< 0 to this are added to the delay, at random */
	uint32_t flip_bits;      /**< 1 to so many bits of a frame are flipped */
	uint64_t blackhole_ns;   /**< nothing passes for so long; 0: none; or FAULT_FOREVER */
	uint64_t seed;           /**< 0: not chosen yet */
};

/** What both suffer, and which of them were spoken of. */
struct fault_settings {
	struct fault_spec dir[FAULT_DIRS];
	bool named[FAULT_DIRS];
};

/**
 * Read "SPEC[+SPEC]". Directions that are not spoken of are off and not `named`.
 * @param settings  set on success only
 * @param why       on failure, one line that says what to write instead
 * @return 0, or -EINVAL.
 */
int fault_settings_parse(const char *text, struct fault_settings *settings, char *why, size_t size);

/** The text that fault_settings_parse() reads back, or "off". @return @p buf. */
const char *fault_settings_format(const struct fault_settings *settings, char *buf, size_t size);

/** Whether there is any fault in it. */
bool fault_spec_on(const struct fault_spec *spec);

/** Take over the directions that @p from names. */
void fault_settings_merge(struct fault_settings *to, const struct fault_settings *from);

#endif /* FAULT_SPEC_H */
