/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "../common/fail.h"
#include "connect.h"
#include "eal_options.h"

/* One command at a time: a few buffers beside those in the rings, and few operations. */
#define NB_MBUFS 1024
#define MAX_OPS  512

static enum ctl_exit
eal_start(const struct ctl_options *o)
{
	struct eal_options eal;
	int ret;

	if (eal_options_make(&eal, o) < 0)
		return CTL_USAGE;
	ret = rte_eal_init(eal.argc, eal.argv);
	if (ret >= 0)
		return CTL_DONE;
	fail("EAL did not start, see its message above%s", o->eal != NULL ? ": look at --eal" : "");
	return CTL_FAILED;
}

static enum ctl_exit
endpoint_create(struct ctl *c)
{
	struct shmx_ep_conf conf = {.port = c->port, .max_sessions = 1, .max_ops = MAX_OPS};

	link_own_address(&c->opt.link, &conf);
	c->ep = shmx_ep_create(&conf);
	if (c->ep != NULL)
		return CTL_DONE;
	fail("cannot create the endpoint: %s", rte_strerror(rte_errno));
	return CTL_FAILED;
}

static enum ctl_exit
session_open(struct ctl *c)
{
	struct shmx_peer peer = link_memory_node(&c->opt.link);
	int ret = shmx_connect_sync(c->ep, &peer, &c->session);

	if (ret < 0) {
		if (!link_explain(&c->opt.link, "connect", ret))
			fail("connect: %s", rte_strerror(-ret));
		return CTL_UNREACHABLE;
	}
	c->connected = true;
	link_tell_mtu(&c->opt.link, c->ep, c->session);
	return CTL_DONE;
}

enum ctl_exit
ctl_open(struct ctl *c)
{
	enum ctl_exit ret = eal_start(&c->opt);

	if (ret != CTL_DONE)
		return ret;
	if (link_open(&c->opt.link, NB_MBUFS, &c->port) < 0)
		return CTL_UNREACHABLE;
	ret = endpoint_create(c);
	return ret == CTL_DONE ? session_open(c) : ret;
}

void
ctl_close(struct ctl *c)
{
	if (c->connected)
		shmx_disconnect_sync(c->ep, c->session);
	if (c->ep != NULL)
		shmx_ep_destroy(c->ep);
	if (c->port != NULL)
		shmx_port_close(c->port);
	rte_eal_cleanup();
}

int
ctl_wait(struct ctl *c, int ret, uint64_t cookie, struct shmx_event *event)
{
	return ret == 0 ? shmx_wait(c->ep, cookie, event) : ret;
}

/* What people can do about it; NULL: nothing that is known here. */
static const char *
advice(int status)
{
	switch (status) {
	case -EPERM:
		return "it belongs to other nodes: `own show` tells which, and only as one of them "
		       "(--node) can that be done";
	case -ESTALE:
		return "nothing is allocated there, or not all over that length";
	case -EFAULT:
		return "it leaves the pool: `pool list` tells its size";
	case -ENOENT:
		return "there is no such thing, or not any more";
	case -EEXIST:
		return "the name is taken: choose another";
	case -ENOMEM:
		return "the memory node has no room for it: `pool list` tells how much is free, "
		       "and "
		       "how far a pool may grow";
	case -EDQUOT:
		return "the node that makes it, or made it, would hold more than the pool's quota: "
		       "free what is not needed any more; `pool stat` tells who holds what";
	case -ENOSPC:
		return "a table of the memory node is full: free what is not needed any more";
	case -EBUSY:
		return "it is still in use, or the memory node is short of resources: try again "
		       "later";
	case -EMSGSIZE:
		return "the range has owners of too many kinds: give shorter ranges (--length)";
	case -ENOTSUP:
		return "this memory node does not know how: it is of another version";
	case -EINVAL:
		return "not valid there: a range begins and ends on granules of its pool, sizes "
		       "and "
		       "limits have to go together";
	default:
		return NULL;
	}
}

enum ctl_exit
ctl_explain(const struct ctl *c, const char *what, int status)
{
	const char *text = advice(status);

	if (text == NULL && link_explain(&c->opt.link, what, status))
		return CTL_UNREACHABLE;
	fail("%s: %s", what, text != NULL ? text : rte_strerror(-status));
	return CTL_FAILED;
}

enum ctl_exit
ctl_object(const struct ctl *c, const struct column *columns, unsigned int nb_columns,
	const union cell *cells)
{
	return table_object(c->opt.json, columns, nb_columns, cells) < 0 ? CTL_FAILED : CTL_DONE;
}
