/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WORD_H
#define WORD_H

/**
 * Operations on one word of shared memory as clients saw them, and the plain word that they are
 * held against.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum act {
	ACT_GET,
	ACT_PUT,
	ACT_ADD, /**< the fetch-and-modify operations */
	ACT_AND,
	ACT_OR,
	ACT_XOR,
	ACT_SWAP,
	ACT_CAS,
	ACT_OWN,   /**< make the word exclusive to the client's node */
	ACT_SHARE, /**< hand it to everyone */
	ACTS
};

/** How an operation ended. */
enum fate {
	FATE_DONE,    /**< took effect once, between `begin` and `end`, with this result */
	FATE_REFUSED, /**< took no effect, for another node owned the word at that time */
	FATE_NEVER,   /**< took no effect */
	FATE_UNKNOWN, /**< may have taken effect once, between `begin` and `end` */
};

/** `end` of what may still take effect. */
#define NO_END UINT64_MAX

struct oper {
	uint64_t begin; /**< place of the call in the order of all events */
	uint64_t end;   /**< place of its event, above begin */
	uint64_t begin_ns, end_ns;
	uint64_t operand; /**< addend, mask or new value */
	uint64_t compare; /**< compare-and-swap */
	uint64_t result;  /**< what get and atomics return */
	int status;       /**< of the event */
	uint16_t number;  /**< for people */
	uint8_t client;   /**< id of its node, from 1; 0: the memory node itself */
	uint8_t word;
	uint8_t act;   /**< enum act */
	uint8_t fate;  /**< enum fate */
	uint8_t width; /**< bytes */
	uint8_t at;    /**< first of these, counted from the word's first */
};

struct word {
	uint64_t value; /**< as it lies in memory, little-endian */
	uint8_t owner;  /**< the only node that may use it; 0: everyone */
};

/**
 * Let an operation happen now.
 * @return whether it may have ended as it did in this state; if not, the word is as it was.
 */
bool word_apply(struct word *w, const struct oper *o);

/** Whether it can change a word, or only tells about it. */
bool act_changes(enum act act);

/** Whether it returns what it found. */
bool act_finds(enum act act);

/** Bits of the word that it touches. */
uint64_t oper_mask(const struct oper *o);

/** Whether it found this, or does not say what it found. */
bool oper_fits(const struct oper *o, uint64_t value);

/** Who, and what; no more than that. */
void oper_print_call(FILE *to, const struct oper *o);

/** One line: when, who, what, and what came of it. */
void oper_print(FILE *to, const struct oper *o);

#endif /* WORD_H */
