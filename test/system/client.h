/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SYSTEM_CLIENT_H
#define SYSTEM_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shmx.h"
#include "shmx_sync.h"

#define WORDS_MAX 8 /* of a command line */

/* Where commands work. */
struct place {
	shmx_session_t session;
	uint16_t pool;
	shmx_addr_t area;
};

struct fault;

struct client {
	struct shmx_port *port;
	struct shmx_ep *ep;
	uint16_t node;
	struct shmx_peer peer;
	shmx_session_t session;
	uint16_t pool;
	shmx_addr_t area;    /* what put, check, faa and read work on */
	struct place other;  /* `other` goes there, `both` works on both areas */
	uint64_t value[8];   /* of the reply */
	struct fault *fault; /* of the port, once there was one */
	unsigned int nb_values;
};

/* A command: words[0] is its name. Returns the status of its reply. */
struct command {
	const char *name;
	unsigned int args; /* at least */
	int (*run)(struct client *c, char *words[WORDS_MAX]);
};

/* Ends with a NULL name. */
extern const struct command commands[];
extern const struct command load_commands[];
extern const struct command ledger_commands[];
extern const struct command owner_commands[];
extern const struct command bank_commands[];
extern const struct command starve_commands[];
extern const struct command inbox_commands[];

void reply_value(struct client *c, uint64_t value);
uint64_t number(const char *word);

/* A byte of the contents that a seed makes. */
static inline uint8_t
content(uint64_t seed, uint64_t i)
{
	return (uint8_t)((seed + i) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Between commands. */
void load_poll(struct client *c);

/* A turn of the ledger; false: there is none. */
bool ledger_poll(struct client *c);

/* A turn of the bank, likewise. */
bool bank_poll(struct client *c);

/* What an inbox has got, likewise. */
bool inbox_poll(struct client *c);

#endif /* SYSTEM_CLIENT_H */
