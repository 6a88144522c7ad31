/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The client's end of a link through memory: plugs into the socket of a vhost server. */

#include <stdio.h>
#include <sys/un.h>

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
		DRV_LOG(ERR, "%s: nobody listens on %s any more: restart the server", port->spec,
			path);
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

static int
virtio_user_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	struct drv_arg defaults[] = {{"queues", ""}, {"queue_size", "1024"}, {NULL, ""}};
	char path[PATH_SIZE], server[8];
	int ret = drv_args_required(port, args, "path", path, sizeof(path));

	if (ret < 0)
		return ret;
	snprintf(defaults[0].value, sizeof(defaults[0].value), "%u", port->nb_queues);
	ret = drv_vdev_attach(port, "net_virtio_user", args, defaults);
	if (ret < 0)
		return attach_failed(port, path, ret);
	/* Asked again about a server that is gone, the driver logs an error each time. */
	port->link_once = drv_args_value(args, "server", server, sizeof(server)) != 0;
	return 0;
}

const struct drv_controller drv_virtio_user = {
	.name = "virtio_user",
	.args = "path=SOCKET PATH[,k=v...]",
	.hint = "the server is gone or has not started its port",
	.caps = PORT_CAP_MEMORY,
	.nb_desc = 1024,
	.attach = virtio_user_attach,
	.detach = drv_dev_detach,
};
