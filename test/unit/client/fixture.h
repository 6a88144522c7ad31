/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CLIENT_FIXTURE_H
#define CLIENT_FIXTURE_H

/**
 * A memory node and compute nodes in one thread, joined by loopback ports. The memory node takes a
 * turn whenever a compute node asks its port for frames, so also inside the synchronous calls; and
 * does not while `server_stopped` is set.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <CUnit/Basic.h>

#include "mem/mem.h"
#include "comm/comm.h"
#include "port.h"
#include "rdp/neigh.h"
#include "rdp/rdp.h"
#include "rdp/rdp_eth.h"
#include "shmx.h"
#include "shmx_sync.h"
#include "sync/sync.h"
#include "target/target.h"

#define NODES_MAX 3

#define MIB (UINT64_C(1) << 20)

/** One compute node and the port of the memory node that it reaches. */
struct host {
	struct port *server_port;
	struct neigh_table neigh;
	struct rdp_eth eth;
	struct rdp_io io; /**< what `server` uses: that of `eth`, perhaps behind a test's own */
	struct rdp_ep *server;
	struct shmx_port *port;
	const struct rte_eth_rxtx_callback *turn; /**< gives the memory node its turns */
	struct shmx_ep *ep;
	shmx_session_t session;
};

struct fixture {
	struct mem *mem;
	struct sync *sync;
	void *sync_zone;
	struct comm *comm;
	void *comm_zone;
	struct clock clock; /**< of the memory node */
	struct target *target;
	struct host host[NODES_MAX];
	unsigned int nb_hosts;
	unsigned int workers; /**< of the target; host i is served by worker i modulo this */
	bool server_stopped;
	bool control_stopped;
	bool in_turn;
	uint16_t pool;
	uint64_t epoch; /**< restarts of the memory node */
};

struct fixture_conf {
	unsigned int nb_hosts;  /**< 0: 1 */
	unsigned int workers;   /**< 0: 1 */
	uint16_t first_pool;    /**< ids of pools; 0: 1 */
	uint16_t last_pool;     /**< 0: first_pool + 63 */
	uint16_t max_sets;      /**< of owners; 0: as many as lib/mem gives */
	uint16_t max_nodes;     /**< ids of nodes are below it; 0: 1024 */
	uint64_t pool_size;     /**< 0: 8 MiB */
	uint64_t pool_max_size; /**< 0: pool_size */
	uint32_t locks;         /**< 0: 64 */
	bool no_locks;
	bool no_inboxes;
	uint32_t max_ops; /**< of the endpoints */
	uint16_t window;
	uint32_t nb_mbufs;
	uint16_t mtu; /**< 0: 1500 */
	uint32_t peer_timeout_ms;
	uint32_t owner_grace_ms; /**< of the memory node; 0: as lib/target has it */
	uint32_t rto_min_us;     /**< of both ends */
	/** Put something between an endpoint of the memory node and its port; may be NULL. */
	void (*wrap)(struct host *h, struct rdp_conf *conf);
	struct shmx_reconnect reconnect;
};

/** Bring up all of it: sessions connected, a pool "main" created and open on each node. */
int fixture_up(struct fixture *f, const struct fixture_conf *conf);
void fixture_down(struct fixture *f);

/** A turn of the control thread in which no worker looks at anything. */
void fixture_control(struct fixture *f);

/** The memory node's endpoint of a host dies, and another one comes; memory stays. */
void server_restart(struct fixture *f, unsigned int host);

/** A turn of the memory node. */
void server_turn(struct fixture *f);

/** The event of an operation that was started with @p ret and @p cookie; its status, or ret. */
int finish(struct shmx_ep *ep, int ret, uint64_t cookie, struct shmx_event *event);

/** Poll for that long, and count events. */
unsigned int poll_for(struct shmx_ep *ep, unsigned int ms);

/** Start an operation with a cookie of its own and wait: its status. @p expr uses `cookie`. */
#define STATUS(ep, expr)                                                                           \
	({                                                                                         \
		uint64_t cookie = shmx_wait_cookie(ep);                                            \
		struct shmx_event event_;                                                          \
		finish(ep, (expr), cookie, &event_);                                               \
	})

/** Likewise; its value. A status other than 0 fails the test. */
#define VALUE(ep, expr)                                                                            \
	({                                                                                         \
		uint64_t cookie = shmx_wait_cookie(ep);                                            \
		struct shmx_event event_ = {0};                                                    \
		CU_ASSERT_EQUAL(finish(ep, (expr), cookie, &event_), 0);                           \
		event_.value;                                                                      \
	})

/** Equal, and if not, a line that says what it was. */
#define SAME(a, b)                                                                                 \
	do {                                                                                       \
		int64_t a_ = (int64_t)(a), b_ = (int64_t)(b);                                      \
		if (a_ != b_)                                                                      \
			fprintf(stderr, "%s:%d: %s is %" PRId64 ", not %" PRId64 "\n", __FILE__,   \
				__LINE__, #a, a_, b_);                                             \
		CU_ASSERT_EQUAL(a_, b_);                                                           \
	} while (0)

/** Bytes that a number makes. */
void pattern_fill(uint8_t *buf, uint32_t len, uint64_t number);

shmx_addr_t alloc_of(struct fixture *f, unsigned int host, uint64_t len);

/** Whether two descriptions of a pool say the same. */
bool pool_same(const struct shmx_pool_info *a, const struct shmx_pool_info *b);

/** Start EAL without hugepages, run the tests of a suite; exit status. */
struct named_test {
	const char *name;
	void (*run)(void);
};
int tests_run(const char *suite, const struct named_test *tests, unsigned int n);

/** The same three times, with 1, 2 and 4 workers, which `fixture_workers` tells. */
extern unsigned int fixture_workers;
int tests_run_workers(const struct named_test *tests, unsigned int n);

#endif /* CLIENT_FIXTURE_H */
