/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The client's end of a link through memory: plugs into the socket of a vhost server. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_malloc.h>

#include "controller.h"

#define PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

/* The driver only says that it failed: find out why. */
static int
attach_failed(const struct port *port, const char *path, int ret)
{
	int probe = drv_socket_probe(path);

	switch (probe) {
	case -ENOENT:
		DRV_LOG(ERR, "%s: nobody has made %s yet: start the server first", port->spec,
			path);
		return probe;
	case -ECONNREFUSED:
		DRV_LOG(ERR, "%s: nobody listens on %s: start the server again, or name its socket",
			port->spec, path);
		return probe;
	case -EACCES:
		DRV_LOG(ERR, "%s: no right to write to %s", port->spec, path);
		return -EPERM;
	default:
		DRV_LOG(ERR,
			"%s: the server at %s refused this port (%s); with pages in single "
			"files give EAL --single-file-segments",
			port->spec, path, rte_strerror(-ret));
		return ret;
	}
}

/*
 * One port of a server serves one client, but the driver lets in a second, who takes the place
 * of the first; when either goes, the port is dead for both. So clients lock a file beside the
 * socket. The lock goes with the process, however it ends; the file may stay behind.
 */
struct seat {
	int fd;
	char path[PATH_SIZE + 8];
};

static bool
seat_current(const struct seat *seat)
{
	struct stat ours, there;

	return fstat(seat->fd, &ours) == 0 && stat(seat->path, &there) == 0 &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* 0 if taken, or if this folder allows no lock; -EADDRINUSE. */
static int
seat_take(const struct port *port, struct seat *seat)
{
	for (;;) {
		seat->fd = open(seat->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (seat->fd < 0)
			return 0;
		if (flock(seat->fd, LOCK_EX | LOCK_NB) != 0)
			break;
		if (seat_current(seat))
			return 0;
		close(seat->fd); /* its last owner has just removed it */
	}
	close(seat->fd);
	DRV_LOG(ERR,
		"%s: port already taken: another process is its client; a server opens one "
		"vhost port per client",
		port->spec);
	return -EADDRINUSE;
}

static void
seat_leave(struct seat *seat)
{
	if (seat == NULL)
		return;
	if (seat->fd >= 0) {
		unlink(seat->path);
		close(seat->fd);
	}
	rte_free(seat);
}

static int
seat_open(struct port *port, const char *path)
{
	struct seat *seat;
	struct stat st;
	int ret;

	/* Not a server's socket: /dev/vhost-net, or nothing yet. */
	if (stat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return 0;
	seat = rte_zmalloc("shmx_seat", sizeof(*seat), 0);
	if (seat == NULL)
		return -ENOMEM;
	snprintf(seat->path, sizeof(seat->path), "%s.client", path);
	ret = seat_take(port, seat);
	if (ret == 0)
		port->priv = seat;
	else
		rte_free(seat);
	return ret;
}

static int
device_attach(const struct port_conf *conf, const char *args, const char *path, struct port *port)
{
	struct drv_arg defaults[] = {{"queues", ""}, {"queue_size", "1024"}, {NULL, ""}};
	char server[8], ring[8];
	int ret;

	snprintf(defaults[0].value, sizeof(defaults[0].value), "%u", port->nb_queues);
	ret = drv_vdev_attach(port, "net_virtio_user", args, defaults);
	if (ret < 0)
		return attach_failed(port, path, ret);
	if (drv_args_value(args, "queue_size", ring, sizeof(ring)) == 0)
		port->ring_size = (uint16_t)strtoul(ring, NULL, 0);
	/* Asked again about a server that is gone, the driver logs an error each time. */
	port->link_once = drv_args_value(args, "server", server, sizeof(server)) != 0;
	return 0;
}

static int
virtio_user_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	char path[PATH_SIZE];
	int ret = drv_args_required(port, args, "path", path, sizeof(path));

	if (ret == 0)
		ret = seat_open(port, path);
	if (ret < 0)
		return ret;
	ret = device_attach(conf, args, path, port);
	if (ret < 0)
		seat_leave(port->priv);
	return ret;
}

/* What goes to the kernel instead of another process may end on a wire. */
static int
virtio_user_post_start(struct port *port)
{
	if (port->priv == NULL && port->link_once)
		port->caps &= ~PORT_CAP_MEMORY;
	return 0;
}

static void
virtio_user_detach(struct port *port)
{
	drv_dev_detach(port);
	seat_leave(port->priv);
}

const struct drv_controller drv_virtio_user = {
	.name = "virtio_user",
	.args = "path=SOCKET PATH[,k=v...]",
	.hint = "the server is gone or has not started its port",
	.caps = PORT_CAP_MEMORY,
	.nb_desc = 1024,
	.tx_reclaim = 128,
	.attach = virtio_user_attach,
	.post_start = virtio_user_post_start,
	.detach = virtio_user_detach,
};
