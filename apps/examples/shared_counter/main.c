/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A counter and a line of text that any number of machines share.
 *
 * The first instance makes them in the memory of a memory node; instances started with --join
 * find them there by name, on this host or another. doc/example_shared_counter.md walks through
 * this file.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include <shmx.h>
#include <shmx_sync.h>

#define POOL_NAME    "shared_counter"
#define POOL_SIZE    (2u << 20)
#define BOARD_NAME   "board"
#define LINK_WAIT_MS 5000
#define ROUNDS       1000
#define BURST        32

/* What lies in the shared memory. All nodes agree on the layout; offsets, never pointers. */
struct board {
	uint64_t counter;
	char text[56];
};

struct options {
	const char *port;
	rte_be32_t ip, server;
	uint16_t node;
	bool join, remove;
};

struct app {
	struct options opt;
	struct shmx_port *port;
	struct shmx_ep *ep;
	shmx_session_t session;
	uint16_t pool;
	shmx_addr_t board;
};

static int
fail(const char *format, ...)
{
	va_list args;

	fputs("shared_counter: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

/* ---- from nothing to a session ---------------------------------------------------------- */

static int
port_open(struct app *app)
{
	struct shmx_port_conf conf = {.spec = app->opt.port};

	app->port = shmx_port_open(&conf);
	if (app->port == NULL)
		return fail("cannot open port %s: %s", conf.spec, rte_strerror(rte_errno));
	if (shmx_port_link_wait(app->port, LINK_WAIT_MS) < 0)
		return fail("the link of %s is down: start shmx-server first", conf.spec);
	return 0;
}

static int
connect_server(struct app *app)
{
	struct shmx_peer peer = {.ip = app->opt.server};
	struct shmx_ep_conf conf = {
		.port = app->port,
		.node = app->opt.node,
		.ip = app->opt.ip,
	};
	int ret;

	app->ep = shmx_ep_create(&conf);
	if (app->ep == NULL)
		return fail("cannot create the endpoint: %s", rte_strerror(rte_errno));
	ret = shmx_connect_sync(app->ep, &peer, &app->session);
	if (ret < 0)
		return fail("no session with the memory node: %s: is shmx-server running, and "
			    "--server its address?",
			rte_strerror(-ret));
	printf("connected as node %u\n", app->opt.node);
	return 0;
}

/* ---- the first instance ----------------------------------------------------------------- */

static int
pool_make(struct app *app)
{
	struct shmx_pool_req req = {.name = POOL_NAME, .size = POOL_SIZE};
	int ret = shmx_pool_create_sync(app->ep, app->session, &req, &app->pool);

	if (ret == -EEXIST)
		return fail("pool " POOL_NAME " is there already: use --join, or --remove first");
	if (ret < 0)
		return fail("cannot create pool " POOL_NAME ": %s", rte_strerror(-ret));
	printf("created pool " POOL_NAME ", id %u, %u bytes\n", app->pool, POOL_SIZE);
	return 0;
}

static int
board_make(struct app *app)
{
	struct shmx_alloc_req req = {
		.pool = app->pool,
		.len = sizeof(struct board),
		.owner = SHMX_OWNER_EVERYONE,
		.name = BOARD_NAME,
	};
	int ret = shmx_alloc_sync(app->ep, &req, &app->board);

	if (ret < 0)
		return fail("cannot allocate " BOARD_NAME ": %s", rte_strerror(-ret));
	printf("allocated " BOARD_NAME ", %zu bytes at %016" PRIx64 "\n", sizeof(struct board),
		app->board);
	return 0;
}

/* ---- an instance that joins ------------------------------------------------------------- */

static int
pool_find(struct app *app)
{
	int ret = shmx_pool_open_sync(app->ep, app->session, POOL_NAME, &app->pool);

	if (ret < 0)
		return fail("no pool " POOL_NAME ": %s: start an instance without --join first",
			rte_strerror(-ret));
	printf("found pool " POOL_NAME ", id %u\n", app->pool);
	return 0;
}

static int
board_find(struct app *app)
{
	uint64_t len;
	int ret = shmx_lookup_sync(app->ep, app->pool, BOARD_NAME, &app->board, &len);

	if (ret < 0)
		return fail("no allocation " BOARD_NAME ": %s", rte_strerror(-ret));
	if (len < sizeof(struct board))
		return fail("allocation " BOARD_NAME " is too short: of another program?");
	printf("found " BOARD_NAME ", %" PRIu64 " bytes at %016" PRIx64 "\n", len, app->board);
	return 0;
}

/* ---- what all of them do ---------------------------------------------------------------- */

static int
text_read(struct app *app)
{
	char text[sizeof(((struct board *)0)->text)];
	int ret = shmx_get_sync(
		app->ep, app->board + offsetof(struct board, text), text, sizeof(text));

	if (ret < 0)
		return fail("cannot read the text: %s", rte_strerror(-ret));
	text[sizeof(text) - 1] = '\0'; /* another node wrote it: believe nothing */
	printf("text reads \"%s\"\n", text);
	return 0;
}

static int
text_write(struct app *app)
{
	char text[sizeof(((struct board *)0)->text)] = {0};
	int ret;

	snprintf(text, sizeof(text), "node %u was here", app->opt.node);
	ret = shmx_put_sync(app->ep, app->board + offsetof(struct board, text), text, sizeof(text));
	if (ret < 0)
		return fail("cannot write the text: %s", rte_strerror(-ret));
	printf("wrote \"%s\"\n", text);
	return 0;
}

/* Take completions. Returns how many, or -1 when one of them is bad news. */
static int
counts_completed(struct app *app)
{
	struct shmx_event ev[BURST];
	uint16_t n = shmx_poll(app->ep, ev, BURST);

	for (uint16_t i = 0; i < n; i++) {
		if (ev[i].type == SHMX_EV_PEER_DOWN)
			return fail("lost the memory node");
		if (ev[i].status < 0)
			return fail("fetch-add failed: %s", rte_strerror(-ev[i].status));
	}
	return n;
}

/*
 * The shape of every data path: start what there is to start, poll, take what has completed.
 * Nothing blocks. When a window is full, -EAGAIN says so, and polling makes room.
 */
static int
count_up(struct app *app)
{
	unsigned int started = 0, completed = 0;
	int ret;

	while (completed < ROUNDS) {
		for (unsigned int i = 0; i < BURST && started < ROUNDS; i++) {
			ret = shmx_fetch_add(
				app->ep, app->board + offsetof(struct board, counter), 1, started);
			if (ret == -EAGAIN)
				break;
			if (ret < 0)
				return fail("cannot start a fetch-add: %s", rte_strerror(-ret));
			started++;
		}
		ret = counts_completed(app);
		if (ret < 0)
			return ret;
		completed += (unsigned int)ret;
	}
	return 0;
}

static int
counter_read(struct app *app, const char *when)
{
	uint64_t value;
	int ret = shmx_get_sync(
		app->ep, app->board + offsetof(struct board, counter), &value, sizeof(value));

	if (ret < 0)
		return fail("cannot read the counter: %s", rte_strerror(-ret));
	printf("counter is %" PRIu64 " %s\n", rte_le_to_cpu_64(value), when);
	return 0;
}

static int
use_board(struct app *app)
{
	uint64_t begin;

	if (text_read(app) < 0 || text_write(app) < 0 || text_read(app) < 0 ||
		counter_read(app, "before") < 0)
		return -1;
	begin = rte_rdtsc();
	if (count_up(app) < 0)
		return -1;
	printf("added 1 to it %u times, in %.0f us\n", ROUNDS,
		(double)(rte_rdtsc() - begin) * 1e6 / (double)rte_get_tsc_hz());
	return counter_read(app, "now");
}

static int
remove_all(struct app *app)
{
	int ret;

	if (pool_find(app) < 0)
		return -1;
	ret = shmx_pool_destroy_sync(app->ep, app->pool, true);
	if (ret < 0)
		return fail("cannot destroy pool " POOL_NAME ": %s", rte_strerror(-ret));
	printf("destroyed pool " POOL_NAME " and what was in it\n");
	return 0;
}

/* ---- start and end ---------------------------------------------------------------------- */

static int
run(struct app *app)
{
	int ret;

	if (port_open(app) < 0 || connect_server(app) < 0)
		return -1;
	if (app->opt.remove)
		return remove_all(app);
	if (app->opt.join)
		ret = pool_find(app) < 0 ? -1 : board_find(app);
	else
		ret = pool_make(app) < 0 ? -1 : board_make(app);
	return ret < 0 ? ret : use_board(app);
}

static void
close_all(struct app *app)
{
	if (app->ep != NULL) {
		shmx_disconnect_sync(app->ep, app->session);
		shmx_ep_destroy(app->ep);
	}
	shmx_port_close(app->port);
}

static int
usage(void)
{
	return fail("usage: shared_counter <EAL options> -- --port SPEC --ip A.B.C.D "
		    "--server A.B.C.D --node N [--join | --remove]");
}

static int
parse_options(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {
		{"port", required_argument, NULL, 'p'},
		{"ip", required_argument, NULL, 'i'},
		{"server", required_argument, NULL, 's'},
		{"node", required_argument, NULL, 'n'},
		{"join", no_argument, NULL, 'j'},
		{"remove", no_argument, NULL, 'r'},
		{0},
	};
	bool good = true;
	int c;

	while (good && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'p')
			opt->port = optarg;
		else if (c == 'i')
			good = inet_pton(AF_INET, optarg, &opt->ip) == 1;
		else if (c == 's')
			good = inet_pton(AF_INET, optarg, &opt->server) == 1;
		else if (c == 'n')
			opt->node = (uint16_t)strtoul(optarg, NULL, 10);
		else if (c == 'j')
			opt->join = true;
		else if (c == 'r')
			opt->remove = true;
		else
			good = false;
	}
	if (!good || optind < argc || opt->port == NULL || opt->ip == 0 || opt->server == 0 ||
		opt->node == 0)
		return usage();
	return 0;
}

int
main(int argc, char **argv)
{
	struct app app = {0};
	int n = rte_eal_init(argc, argv), ret;

	if (n < 0)
		return EXIT_FAILURE; /* EAL has said why */
	ret = parse_options(&app.opt, argc - n, argv + n);
	if (ret == 0) {
		ret = run(&app);
		close_all(&app);
	}
	rte_eal_cleanup();
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
