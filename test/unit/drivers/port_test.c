/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Ports that need no second process and no privileges. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "controller.h"

static char dir[] = "/tmp/shmx_port_test.XXXXXX";

static int
open_spec(const char *spec, struct port **port)
{
	struct port_conf conf = {.spec = spec, .nb_queues = 1, .socket_id = SOCKET_ID_ANY};

	*port = NULL;
	return port_open(&conf, port);
}

static bool
refused(const char *spec, int error)
{
	struct port *port;
	int ret = open_spec(spec, &port);

	if (ret != error)
		fprintf(stderr, "%s: %d, not %d\n", spec != NULL ? spec : "none", ret, error);
	if (ret == 0)
		port_close(port);
	return ret == error && port == NULL;
}

static const char *
path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static const char *
spec_of(const char *head, const char *name)
{
	static char spec[256];

	snprintf(spec, sizeof(spec), "%s%s", head, path_of(name));
	return spec;
}

static void
bad_specs(void)
{
	char longer[PORT_SPEC_MAX + 1];

	memset(longer, 'x', sizeof(longer));
	longer[PORT_SPEC_MAX] = '\0';
	CU_ASSERT_TRUE(refused(NULL, -EINVAL));
	CU_ASSERT_TRUE(refused(longer, -EINVAL));
	/* proves: shmx_port_open -EINVAL -EPROTONOSUPPORT */
	CU_ASSERT_TRUE(refused("", -EPROTONOSUPPORT));
	CU_ASSERT_TRUE(refused(":", -EPROTONOSUPPORT));
	CU_ASSERT_TRUE(refused("token_ring:0", -EPROTONOSUPPORT));
	CU_ASSERT_TRUE(refused("vhos:iface=/tmp/x", -EPROTONOSUPPORT));
	CU_ASSERT_TRUE(refused("vhost", -EINVAL));
	CU_ASSERT_TRUE(refused("vhost:", -EINVAL));
	CU_ASSERT_TRUE(refused("vhost:queues=1", -EINVAL));
	CU_ASSERT_TRUE(refused("vhost:iface=", -EINVAL));
	CU_ASSERT_TRUE(refused("vhost:iface", -EINVAL));
	CU_ASSERT_TRUE(refused("vhost:iface=/tmp/a,[", -EINVAL));
	CU_ASSERT_TRUE(refused("virtio_user:queue_size=1024", -EINVAL));
	CU_ASSERT_TRUE(refused("af_packet:v0", -EINVAL));
	CU_ASSERT_TRUE(refused("af_xdp:start_queue=0", -EINVAL));
	CU_ASSERT_TRUE(refused("loopback:has space", -EINVAL));
	CU_ASSERT_TRUE(refused("loopback:longerthantwelve", -EINVAL));
}

static void
missing_devices(void)
{
	/* proves: shmx_port_open -ENODEV -ENAMETOOLONG -ENOENT */
	CU_ASSERT_TRUE(refused("eth:31", -ENODEV));
	CU_ASSERT_TRUE(refused("eth:99999", -ENODEV));
	CU_ASSERT_TRUE(refused("eth:0000:7f:1f.7", -ENODEV));
	CU_ASSERT_TRUE(refused("eth:no_such_thing", -ENODEV));
	CU_ASSERT_TRUE(refused("af_packet:iface=none0", -ENODEV));
	CU_ASSERT_TRUE(refused("af_packet:iface=a_name_too_long_for_one", -ENAMETOOLONG));
	CU_ASSERT_TRUE(refused("af_xdp:iface=none0", -ENODEV));
	CU_ASSERT_TRUE(refused(spec_of("virtio_user:path=", "none"), -ENOENT));
	CU_ASSERT_TRUE(refused("vhost:iface=/no/such/folder/x", -ENOENT));
	CU_ASSERT_EQUAL(rte_eth_dev_count_total(), 0);
}

static void
long_path(void)
{
	char spec[200] = "vhost:iface=/tmp/";
	size_t len = strlen(spec);

	memset(spec + len, 'p', 120);
	spec[len + 120] = '\0';
	CU_ASSERT_TRUE(refused(spec, -ENAMETOOLONG));
}

/* Listen, or leave a socket behind on which nobody listens any more. */
static int
listener(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 1), 0);
	return fd;
}

static void
socket_taken(void)
{
	struct port *port;
	int fd = listener(path_of("taken"));
	struct stat st;

	CU_ASSERT_TRUE(refused(spec_of("vhost:iface=", "taken"), -EADDRINUSE));
	CU_ASSERT_EQUAL(lstat(path_of("taken"), &st), 0); /* still theirs */
	close(fd);
	/* proves: shmx_port_open -EADDRINUSE -ECONNREFUSED */
	CU_ASSERT_TRUE(refused(spec_of("virtio_user:path=", "taken"), -ECONNREFUSED));
	CU_ASSERT_EQUAL(open_spec(spec_of("vhost:iface=", "taken"), &port), 0);
	CU_ASSERT_TRUE(refused(spec_of("vhost:iface=", "taken"), -EADDRINUSE));
	port_close(port);
	CU_ASSERT_NOT_EQUAL(lstat(path_of("taken"), &st), 0);
}

static void
not_a_socket(void)
{
	FILE *f = fopen(path_of("file"), "w");
	struct stat st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fclose(f);
	/* proves: shmx_port_open -EEXIST */
	CU_ASSERT_TRUE(refused(spec_of("vhost:iface=", "file"), -EEXIST));
	CU_ASSERT_EQUAL(lstat(path_of("file"), &st), 0);
	unlink(path_of("file"));
}

/* Without the rights for a folder nothing is made in it. */
static void
no_rights(void)
{
	int status = 1;
	pid_t child;

	CU_ASSERT_EQUAL_FATAL(mkdir(path_of("locked"), 0500), 0);
	child = fork();
	if (child == 0) {
		/* Whose folder it is not, or at least one who may do all. */
		if (geteuid() == 0 && (chmod(dir, 0755) != 0 || setuid(65534) != 0))
			_exit(1);
		/* proves: shmx_port_open -EPERM */
		_exit(refused(spec_of("vhost:iface=", "locked/x"), -EPERM) ? 0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(rmdir(path_of("locked")), 0);
}

static void
vhost_waits(void)
{
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(open_spec(spec_of("vhost:iface=", "wait"), &port), 0);
	CU_ASSERT_EQUAL(port->nb_rxd, 1024);
	CU_ASSERT_EQUAL(port->mtu, 1500);
	CU_ASSERT_EQUAL(port->caps, PORT_CAP_MEMORY | PORT_CAP_TX_COPIES | PORT_CAP_TX_UDP_CKSUM |
					    PORT_CAP_RX_CKSUM | PORT_CAP_TX_MULTI_SEGS);
	CU_ASSERT_FALSE(port_link_up(port));
	CU_ASSERT_EQUAL(port_link_wait(port, 0), -ETIMEDOUT);
	CU_ASSERT_EQUAL(port_link_wait(port, 20), -ETIMEDOUT);
	port_close(port);
}

static void
no_offload(void)
{
	const char *spec = spec_of("vhost:iface=", "plain");
	struct port_conf conf = {.spec = spec, .nb_queues = 1, .no_offload = true, .socket_id = -1};
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &port), 0);
	CU_ASSERT_EQUAL(port->caps, PORT_CAP_MEMORY | PORT_CAP_TX_COPIES | PORT_CAP_TX_MULTI_SEGS);
	port_close(port);
}

static void
send_one(const struct port *from, const struct port *to, uint16_t queue)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(from->pool), *got[4];
	uint64_t *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	p = (uint64_t *)rte_pktmbuf_append(m, 64);
	*p = 42 + queue;
	CU_ASSERT_EQUAL(rte_eth_tx_burst(from->port_id, queue, &m, 1), 1);
	CU_ASSERT_EQUAL(rte_eth_rx_burst(from->port_id, queue, got, 4), 0);
	CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(to->port_id, queue, got, 4), 1);
	CU_ASSERT_EQUAL(*rte_pktmbuf_mtod(got[0], uint64_t *), 42u + queue);
	CU_ASSERT_EQUAL(got[0]->port, to->port_id);
	rte_pktmbuf_free(got[0]);
}

static void
loopback_both_ways(void)
{
	struct port_conf conf = {.spec = "loopback:pair", .nb_queues = 2, .socket_id = -1};
	struct port *a, *b, *c;

	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &a), 0);
	CU_ASSERT_FALSE(port_link_up(a));
	CU_ASSERT_TRUE(refused("loopback:pair", -EINVAL)); /* one queue, not two */
	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &b), 0);
	CU_ASSERT_EQUAL(port_open(&conf, &c), -EBUSY);
	CU_ASSERT_EQUAL(port_link_wait(a, 100), 0);
	CU_ASSERT_TRUE(port_link_up(b));
	CU_ASSERT_FALSE(rte_is_same_ether_addr(&a->mac, &b->mac));
	CU_ASSERT_TRUE(rte_is_valid_assigned_ether_addr(&a->mac));
	CU_ASSERT_NOT_EQUAL(a->caps & PORT_CAP_MEMORY, 0);
	send_one(a, b, 0);
	send_one(b, a, 0);
	send_one(a, b, 1);
	send_one(b, a, 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(a->pool), 0);
	port_close(a);
	CU_ASSERT_FALSE(port_link_up(b));
	port_close(b);
}

/* The link of a port that has had one, and gets none again, as that to a server's socket. */
static void
link_lost_for_good(void)
{
	struct port_conf conf = {.spec = "loopback:once", .nb_queues = 1, .socket_id = -1};
	struct port *a, *b;

	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &a), 0);
	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &b), 0);
	a->link_once = true;
	CU_ASSERT_EQUAL(port_link_wait(a, 0), 0);
	CU_ASSERT_EQUAL(rte_eth_dev_set_link_down(a->port_id), 0);
	CU_ASSERT_EQUAL(port_link_wait(a, 1000), -ENOTCONN);
	CU_ASSERT_EQUAL(rte_eth_dev_set_link_up(a->port_id), 0);
	CU_ASSERT_EQUAL(port_link_wait(a, 1000), -ENOTCONN);
	port_close(a);
	port_close(b);
}

/* What the sender keeps is not what the receiver gets. */
static void
loopback_copies_kept_frames(void)
{
	struct rte_mbuf *m, *got = NULL;
	struct port *a, *b;

	CU_ASSERT_EQUAL_FATAL(open_spec("loopback:kept", &a), 0);
	CU_ASSERT_EQUAL_FATAL(open_spec("loopback:kept", &b), 0);
	m = rte_pktmbuf_alloc(a->pool);
	memset(rte_pktmbuf_append(m, 100), 7, 100);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4;
	rte_mbuf_refcnt_update(m, 1);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(a->port_id, 0, &m, 1), 1);
	CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(b->port_id, 0, &got, 1), 1);
	CU_ASSERT_PTR_NOT_EQUAL(got, m);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	CU_ASSERT_EQUAL(got->pkt_len, 100);
	CU_ASSERT_EQUAL(got->ol_flags, 0);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(got, void *), rte_pktmbuf_mtod(m, void *), 100), 0);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(a->pool), 0);
	port_close(b);
	port_close(a);
}

/* A chain arrives as one piece; frames that nobody reads are freed on close. */
static void
loopback_chain_and_left_overs(void)
{
	struct rte_mempool *pool = port_pool_create("left", 1023, 1500, SOCKET_ID_ANY);
	struct port_conf conf = {
		.spec = "loopback:left", .nb_queues = 1, .pool = pool, .socket_id = -1};
	struct rte_mbuf *m, *got = NULL;
	struct port *a, *b;
	int i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	if (pool == NULL)
		return;
	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &a), 0);
	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &b), 0);
	for (i = 0; i < 20; i++) {
		m = rte_pktmbuf_alloc(pool);
		m->next = rte_pktmbuf_alloc(pool);
		m->nb_segs = 2;
		m->data_len = m->next->data_len = 50;
		m->pkt_len = 100;
		CU_ASSERT_EQUAL(rte_eth_tx_burst((i & 1) ? b->port_id : a->port_id, 0, &m, 1), 1);
	}
	CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(b->port_id, 0, &got, 1), 1);
	CU_ASSERT_EQUAL(got->nb_segs, 1);
	CU_ASSERT_EQUAL(got->pkt_len, 100);
	rte_pktmbuf_free(got);
	port_close(a);
	port_close(b);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
}

/* One end goes and comes back while the other stays and keeps reading. */
static void
loopback_end_returns(void)
{
	struct port *a, *b;

	CU_ASSERT_EQUAL_FATAL(open_spec("loopback:back", &a), 0);
	CU_ASSERT_EQUAL_FATAL(open_spec("loopback:back", &b), 0);
	port_close(a);
	CU_ASSERT_FALSE(port_link_up(b));
	CU_ASSERT_EQUAL_FATAL(open_spec("loopback:back", &a), 0);
	CU_ASSERT_TRUE(port_link_up(b));
	send_one(a, b, 0);
	send_one(b, a, 0);
	port_close(b);
	port_close(a);
}

static void
any_ethdev(void)
{
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(open_spec("eth:net_null0,size=100", &port), 0);
	CU_ASSERT_TRUE(refused("eth:0", -EBUSY));
	CU_ASSERT_TRUE(refused("eth:net_null0", -EBUSY));
	CU_ASSERT_TRUE(port_link_up(port));
	port_close(port);
	CU_ASSERT_EQUAL(rte_eth_dev_count_total(), 0);
}

/* A device that was there before us stays there when opening fails. */
static void
eth_of_the_user(void)
{
	struct port_conf conf = {.spec = "eth:0", .nb_queues = 1, .mtu = 60, .socket_id = -1};
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(rte_eal_hotplug_add("vdev", "net_null7", ""), 0);
	CU_ASSERT_EQUAL(port_open(&conf, &port), -EINVAL);
	conf.mtu = 0;
	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &port), 0);
	CU_ASSERT_FALSE(port->attached);
	port_close(port);
	rte_eal_hotplug_remove("vdev", "net_null7");
	CU_ASSERT_EQUAL(rte_eth_dev_count_total(), 0);
}

static void
limits(void)
{
	struct port_conf conf = {.spec = "eth:net_null1", .nb_queues = 1, .socket_id = -1};
	struct rte_mempool *small;
	struct port *port;

	conf.nb_queues = 2000;
	CU_ASSERT_EQUAL(port_open(&conf, &port), -EINVAL);
	conf.nb_queues = 1;
	conf.nb_mbufs = 100000000;
	CU_ASSERT_EQUAL(port_open(&conf, &port), -ENOMEM);
	conf.nb_mbufs = 0;
	conf.mtu = 20;
	CU_ASSERT_EQUAL(port_open(&conf, &port), -EINVAL);
	conf.mtu = 1500;
	small = rte_pktmbuf_pool_create("small", 63, 0, 0, 512, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(small);
	conf.pool = small;
	CU_ASSERT_EQUAL(port_open(&conf, &port), -EINVAL);
	rte_mempool_free(small);
	CU_ASSERT_EQUAL(rte_eth_dev_count_total(), 0);
}

static void
jumbo(void)
{
	const char *spec = spec_of("vhost:iface=", "jumbo");
	struct port_conf conf = {.spec = spec, .nb_queues = 1, .mtu = 9000, .socket_id = -1};
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &port), 0);
	CU_ASSERT_EQUAL(port->mtu, 9000);
	CU_ASSERT(rte_pktmbuf_data_room_size(port->pool) >= RTE_PKTMBUF_HEADROOM + 9018);
	port_close(port);
}

static void
several_queues(void)
{
	const char *spec = spec_of("vhost:iface=", "queues");
	struct port_conf conf = {.spec = spec, .nb_queues = 4, .socket_id = -1};
	struct port *port;

	CU_ASSERT_EQUAL_FATAL(port_open(&conf, &port), 0);
	CU_ASSERT_EQUAL(port->nb_queues, 4);
	CU_ASSERT_EQUAL(port->caps & PORT_CAP_RSS, 0);
	port_close(port);
}

static void
count_one(struct rte_mempool *pool, void *count)
{
	(void)pool;
	++*(unsigned int *)count;
}

static unsigned int
nb_pools(void)
{
	unsigned int n = 0;

	rte_mempool_walk(count_one, &n);
	return n;
}

static size_t
heap_in_use(void)
{
	struct rte_malloc_socket_stats stats;

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static int
open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += dup2(fd, fd) >= 0;
	return n;
}

static bool
open_close(const char *spec)
{
	struct port *port;

	if (open_spec(spec, &port) != 0)
		return false;
	port_close(port);
	return true;
}

/* A few times to let the drivers set themselves up, then a hundred without a trace. */
static void
leaks_nothing(const char *spec)
{
	size_t heap;
	int i, fds;

	for (i = 0; i < 3; i++)
		CU_ASSERT_TRUE(open_close(spec));
	heap = heap_in_use();
	fds = open_fds();
	for (i = 0; i < 100 && open_close(spec); i++)
		continue;
	CU_ASSERT_EQUAL(i, 100);
	CU_ASSERT_EQUAL(nb_pools(), 0);
	CU_ASSERT_EQUAL(heap_in_use(), heap);
	CU_ASSERT_EQUAL(open_fds(), fds);
	CU_ASSERT_EQUAL(rte_eth_dev_count_total(), 0);
}

static void
loopback_leaks_nothing(void)
{
	leaks_nothing("loopback:again");
}

static void
vhost_leaks_nothing(void)
{
	leaks_nothing(spec_of("vhost:iface=", "again"));
}

/* Not with net_null, which loses 384 bytes of its own each time. */
static void
eth_leaks_nothing(void)
{
	leaks_nothing("eth:net_ring3");
}

static void
failures_leak_nothing(void)
{
	size_t heap;
	int i, fds;

	CU_ASSERT_TRUE(refused(spec_of("virtio_user:path=", "none"), -ENOENT));
	heap = heap_in_use();
	fds = open_fds();
	for (i = 0; i < 20; i++) {
		refused(spec_of("virtio_user:path=", "none"), -ENOENT);
		refused("af_packet:iface=none0", -ENODEV);
		refused("loopback:bad name", -EINVAL);
		limits();
	}
	CU_ASSERT_EQUAL(heap_in_use(), heap);
	CU_ASSERT_EQUAL(open_fds(), fds);
	CU_ASSERT_EQUAL(nb_pools(), 0);
}

static void
controllers(void)
{
	const struct drv_controller *ctl;
	unsigned int i;

	for (i = 0; (ctl = drv_controller_get(i)) != NULL; i++) {
		CU_ASSERT_PTR_EQUAL(drv_controller_find(ctl->name, strlen(ctl->name)), ctl);
		CU_ASSERT_PTR_NOT_NULL(ctl->args);
		CU_ASSERT_PTR_NOT_NULL(ctl->hint);
	}
	CU_ASSERT_EQUAL(i, 6);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"controllers", controllers},
	{"bad specs", bad_specs},
	{"missing devices", missing_devices},
	{"long path", long_path},
	{"socket taken", socket_taken},
	{"not a socket", not_a_socket},
	{"no rights", no_rights},
	{"vhost waits", vhost_waits},
	{"no offload", no_offload},
	{"loopback both ways", loopback_both_ways},
	{"link lost for good", link_lost_for_good},
	{"loopback copies kept frames", loopback_copies_kept_frames},
	{"loopback chain and left-overs", loopback_chain_and_left_overs},
	{"loopback end returns", loopback_end_returns},
	{"any ethdev", any_ethdev},
	{"eth of the user", eth_of_the_user},
	{"limits", limits},
	{"jumbo", jumbo},
	{"several queues", several_queues},
	{"loopback leaks nothing", loopback_leaks_nothing},
	{"vhost leaks nothing", vhost_leaks_nothing},
	{"eth leaks nothing", eth_leaks_nothing},
	{"failures leak nothing", failures_leak_nothing},
};

static int
eal_up(void)
{
	char name[] = "port", huge[] = "--no-huge", pci[] = "--no-pci", conf[] = "--no-shconf",
	     tel[] = "--no-telemetry", log[] = "--log-level=*:alert", m[] = "-m", size[] = "256";
	char *argv[] = {name, huge, pci, conf, tel, log, m, size};

	return rte_eal_init(RTE_DIM(argv), argv);
}

int
main(void)
{
	unsigned int i, failures;
	CU_pSuite suite;

	if (mkdtemp(dir) == NULL || eal_up() < 0 || CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite("ports", NULL, NULL);
	for (i = 0; i < RTE_DIM(tests); i++)
		if (suite == NULL || CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
			return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_eal_cleanup();
	rmdir(dir);
	return failures != 0;
}
