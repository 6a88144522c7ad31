/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The serving end of a link through memory: makes the socket and waits for one client. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_string_fns.h>

#include "controller.h"

#define PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

/* A socket that a dead server left behind is in the way, but one that is served is not ours. */
static int
socket_make_way(const struct port *port, const char *path)
{
	struct stat st;
	int err;

	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		DRV_LOG(ERR, "%s: %s is there and is no socket: give another path", port->spec,
			path);
		return -EEXIST;
	}
	if (drv_socket_probe(path) != -ECONNREFUSED) {
		DRV_LOG(ERR, "%s: port already taken: somebody serves %s", port->spec, path);
		return -EADDRINUSE;
	}
	DRV_LOG(NOTICE, "%s: removing the socket that a dead server left", port->spec);
	if (unlink(path) == 0)
		return 0;
	err = errno;
	DRV_LOG(ERR, "%s: cannot remove %s: %s: have its owner do it, or give another path",
		port->spec, path, strerror(err));
	return -err;
}

/* The driver would fail later and without a reason. */
static int
directory_check(const struct port *port, const char *path)
{
	char dir[PATH_SIZE];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", strchr(path, '/') == NULL ? "./" : path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (access(dir, W_OK | X_OK) == 0)
		return 0;
	DRV_LOG(ERR, "%s: cannot make a socket in %s: %s", port->spec, dir, strerror(errno));
	return errno == EACCES ? -EPERM : -errno;
}

static int
vhost_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	struct drv_arg defaults[] = {{"queues", ""}, {NULL, ""}};
	char path[PATH_SIZE], client[8];
	int ret = drv_args_required(port, args, "iface", path, sizeof(path));

	if (ret == 0)
		ret = directory_check(port, path);
	if (ret == 0 && drv_args_value(args, "client", client, sizeof(client)) != 0)
		ret = socket_make_way(port, path);
	if (ret < 0)
		return ret;
	snprintf(defaults[0].value, sizeof(defaults[0].value), "%u", port->nb_queues);
	ret = drv_vdev_attach(port, "net_vhost", args, defaults);
	if (ret < 0)
		DRV_LOG(ERR, "%s: the vhost driver refused it: %s", port->spec, rte_strerror(-ret));
	return ret;
}

const struct drv_controller drv_vhost = {
	.name = "vhost",
	.args = "iface=SOCKET PATH[,k=v...]",
	.hint = "no client yet: start one with virtio_user:path=... on the same socket",
	.caps = PORT_CAP_MEMORY | PORT_CAP_TX_COPIES,
	.nb_desc = 1024,
	.attach = vhost_attach,
	.detach = drv_dev_detach,
};
