/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A compute node that does what it is told.
 *
 *	client [EAL options] -- SPEC IP NODE SERVER'S IP
 *
 * Prints "ready" and reads commands from standard input, one a line. Each is answered by a line
 * with its number, counted from 1, its status, 0 or the name of an error, and values. A session
 *that ends is told as "down STATUS". Commands: see client_commands.c and client_load.c; "quit" or
 *the end of input ends it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "client.h"
#include "fault/fault.h"

#define LINK_MS 10000
#define IDLE_US 20

void
reply_value(struct client *c, uint64_t value)
{
	c->value[c->nb_values++] = value;
}

uint64_t
number(const char *word)
{
	return word != NULL ? strtoull(word, NULL, 0) : 0;
}

static const struct command *
find(const char *name)
{
	static const struct command *const lists[] = {commands, load_commands, ledger_commands,
		owner_commands, bank_commands, starve_commands, inbox_commands};

	for (unsigned int i = 0; i < RTE_DIM(lists); i++)
		for (const struct command *k = lists[i]; k->name != NULL; k++)
			if (strcmp(k->name, name) == 0)
				return k;
	return NULL;
}

static int
execute(struct client *c, char *line)
{
	char *words[WORDS_MAX] = {NULL}, *save = NULL, *word;
	const struct command *k;
	unsigned int n = 0;

	for (word = strtok_r(line, " \n", &save); word != NULL && n < WORDS_MAX;
		word = strtok_r(NULL, " \n", &save))
		words[n++] = word;
	c->nb_values = 0;
	k = n > 0 ? find(words[0]) : NULL;
	return k == NULL || n <= k->args ? -ENOSYS : k->run(c, words);
}

static void
answer(struct client *c, char *line)
{
	static unsigned int count;
	int status = execute(c, line);

	printf("%u %s", ++count, status == 0 ? "0" : strerrorname_np(-status));
	for (unsigned int i = 0; i < c->nb_values; i++)
		printf(" %" PRIu64, c->value[i]);
	printf("\n");
	fflush(stdout);
}

/* Commands as they come; false when there will be no more. */
static bool
read_commands(struct client *c)
{
	static char buf[4096];
	static size_t have;
	ssize_t n = read(STDIN_FILENO, buf + have, sizeof(buf) - 1 - have);
	char *end;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	have += (size_t)n;
	buf[have] = '\0';
	while ((end = strchr(buf, '\n')) != NULL) {
		*end = '\0';
		if (strcmp(buf, "quit") == 0)
			return false;
		answer(c, buf);
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have + 1);
	}
	return true;
}

static int
set_up(struct client *c, char *argv[])
{
	struct shmx_port_conf pc = {.spec = argv[0], .nb_mbufs = 4096};
	struct shmx_ep_conf ec = {.ip = inet_addr(argv[1]), .node = (uint16_t)number(argv[2])};

	c->port = shmx_port_open(&pc);
	if (c->port == NULL || shmx_port_link_wait(c->port, LINK_MS) < 0)
		return -1;
	ec.port = c->port;
	c->node = ec.node;
	c->peer.ip = inet_addr(argv[3]);
	c->ep = shmx_ep_create(&ec);
	if (c->ep == NULL)
		fprintf(stderr, "client: no endpoint: %s\n", rte_strerror(rte_errno));
	return c->ep != NULL ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct client c;
	int ret = rte_eal_init(argc, argv);

	if (ret < 0 || argc - ret != 5) {
		fprintf(stderr, "client [EAL options] -- SPEC IP NODE SERVER'S IP\n");
		return 2;
	}
	if (set_up(&c, argv + ret + 1) < 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	while (read_commands(&c)) {
		load_poll(&c);
		rte_delay_us_sleep(IDLE_US);
	}
	shmx_ep_destroy(c.ep);
	fault_destroy(c.fault);
	shmx_port_close(c.port);
	rte_eal_cleanup();
	printf("end\n");
	return 0;
}
