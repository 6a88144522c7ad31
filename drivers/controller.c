/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dev.h>
#include <rte_kvargs.h>
#include <rte_string_fns.h>

#include "controller.h"

RTE_LOG_REGISTER(drv_logtype, lib.shmx.port, NOTICE);

static const struct drv_controller *const controllers[] = {
	&drv_eth,
	&drv_vhost,
	&drv_virtio_user,
	&drv_af_packet,
	&drv_af_xdp,
	&drv_loopback,
};

const struct drv_controller *
drv_controller_get(unsigned int i)
{
	return i < RTE_DIM(controllers) ? controllers[i] : NULL;
}

const struct drv_controller *
drv_controller_find(const char *name, size_t len)
{
	const struct drv_controller *ctl;
	unsigned int i;

	for (i = 0; (ctl = drv_controller_get(i)) != NULL; i++)
		if (strlen(ctl->name) == len && memcmp(ctl->name, name, len) == 0)
			return ctl;
	return NULL;
}

static int
copy_value(const char *text, char *value, size_t size)
{
	if (text == NULL)
		return -EINVAL;
	return rte_strscpy(value, text, size) < 0 ? -ENAMETOOLONG : 0;
}

int
drv_args_value(const char *args, const char *key, char *value, size_t size)
{
	struct rte_kvargs *kv = rte_kvargs_parse(args, NULL);
	int ret = -ENOENT;
	unsigned int i;

	if (kv == NULL)
		return -EINVAL;
	for (i = 0; i < kv->count && ret == -ENOENT; i++)
		if (strcmp(kv->pairs[i].key, key) == 0)
			ret = copy_value(kv->pairs[i].value, value, size);
	rte_kvargs_free(kv);
	return ret;
}

int
drv_args_required(
	const struct port *port, const char *args, const char *key, char *value, size_t size)
{
	int ret = drv_args_value(args, key, value, size);

	if (ret == 0 && value[0] != '\0')
		return 0;
	if (ret == -ENAMETOOLONG)
		DRV_LOG(ERR, "%s: %s is longer than %zu characters", port->spec, key, size - 1);
	else
		DRV_LOG(ERR, "%s: write it as %s:%s", port->spec, port->ctl->name, port->ctl->args);
	return ret == -ENAMETOOLONG ? ret : -EINVAL;
}

/* "args,defaults that args leaves open" */
static int
devargs_build(char *out, size_t size, const char *args, const struct drv_arg *defaults)
{
	int len = snprintf(out, size, "%s", args);
	char ignored[PORT_SPEC_MAX];

	for (; defaults->key != NULL && len < (int)size; defaults++) {
		if (drv_args_value(args, defaults->key, ignored, sizeof(ignored)) == 0)
			continue;
		len += snprintf(out + len, size - len, ",%s=%s", defaults->key, defaults->value);
	}
	return len < (int)size ? 0 : -ENAMETOOLONG;
}

/* A device of this name may have been given to EAL by the user: take the next number. */
static int
free_device_name(char *name, size_t size, const char *driver)
{
	uint16_t port_id;
	unsigned int i;

	for (i = 0; i < RTE_MAX_ETHPORTS; i++) {
		if (snprintf(name, size, "%s_shmx%u", driver, i) >= (int)size)
			return -ENAMETOOLONG;
		if (rte_eth_dev_get_port_by_name(name, &port_id) != 0)
			return 0;
	}
	return -ENFILE;
}

/* The ethdev that a device has become. */
static int
attached_port(struct port *port, const char *name, size_t len)
{
	if (len >= sizeof(port->name))
		return -ENAMETOOLONG;
	memcpy(port->name, name, len);
	port->name[len] = '\0';
	port->attached = rte_eth_dev_get_port_by_name(port->name, &port->port_id) == 0;
	return port->attached ? 0 : -ENODEV;
}

int
drv_dev_attach(struct port *port, const char *devargs)
{
	int ret = rte_dev_probe(devargs);

	return ret < 0 ? ret : attached_port(port, devargs, strcspn(devargs, ","));
}

int
drv_vdev_attach(
	struct port *port, const char *driver, const char *args, const struct drv_arg *defaults)
{
	char name[48], devargs[2 * PORT_SPEC_MAX];
	int ret;

	ret = free_device_name(name, sizeof(name), driver);
	if (ret == 0)
		ret = devargs_build(devargs, sizeof(devargs), args, defaults);
	if (ret < 0)
		return ret;
	DRV_LOG(INFO, "%s: attaching %s,%s", port->spec, name, devargs);
	ret = rte_eal_hotplug_add("vdev", name, devargs);
	if (ret == 0)
		ret = attached_port(port, name, strlen(name));
	/* Drivers answer arguments that they do not understand with a bare -1. */
	return ret == -1 ? -EINVAL : ret;
}

void
drv_dev_detach(struct port *port)
{
	struct rte_eth_dev_info info;

	if (!port->attached || rte_eth_dev_info_get(port->port_id, &info) != 0)
		return;
	if (rte_dev_remove(info.device) != 0)
		DRV_LOG(WARNING, "%s: device %s could not be removed", port->spec, port->name);
	port->attached = false;
}

int
drv_socket_probe(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, ret;

	if (rte_strscpy(addr.sun_path, path, sizeof(addr.sun_path)) < 0)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : -errno;
	close(fd);
	/* A listener whose queue is full is a listener. */
	return ret == -EAGAIN ? 0 : ret;
}

int
drv_interface_check(const struct port *port, const char *iface)
{
	struct ifreq ifr = {0};
	int fd, ret;

	if (rte_strscpy(ifr.ifr_name, iface, sizeof(ifr.ifr_name)) < 0 ||
		if_nametoindex(iface) == 0) {
		DRV_LOG(ERR, "%s: no network interface %s here (look with: ip link)", port->spec,
			iface);
		return -ENODEV;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, SIOCGIFMTU, &ifr) == 0 ? ifr.ifr_mtu : -errno;
	close(fd);
	return ret;
}
