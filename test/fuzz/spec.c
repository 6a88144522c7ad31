/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Port specs, as they stand behind --port: all that happens up to the driver, which is not there.
 *
 * What must hold: a spec without a device behind it is refused with an errno, and nothing is kept
 * of it; what would go to the driver is a text with an end, and begins with what was given.
 */

#include <errno.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "controller.h"
#include "fuzz.h"

int __wrap_rte_eal_hotplug_add(const char *bus, const char *name, const char *args);
int __wrap_rte_dev_probe(const char *devargs);
int __wrap_unlink(const char *path);

static const char *given; /* behind the colon of the spec */

int
__wrap_rte_eal_hotplug_add(const char *bus, const char *name, const char *args)
{
	CHECK(strcmp(bus, "vdev") == 0);
	CHECK(strncmp(name, "net_", 4) == 0 && strlen(name) < RTE_ETH_NAME_MAX_LEN);
	CHECK(strlen(args) < 2 * PORT_SPEC_MAX);
	CHECK(strncmp(args, given, strlen(given)) == 0);
	return -ENODEV;
}

int
__wrap_rte_dev_probe(const char *devargs)
{
	CHECK(strcmp(devargs, given) == 0);
	return -ENODEV;
}

/* A socket that a dead server left: not here. */
int
__wrap_unlink(const char *path)
{
	return 0;
}

static void
open_port(const char *spec, uint16_t queues, uint16_t mtu)
{
	struct port_conf conf = {.spec = spec,
		.nb_queues = queues,
		.mtu = mtu,
		.nb_mbufs = 64,
		.socket_id = SOCKET_ID_ANY};
	struct port *port = NULL;
	int ret;

	given = strchr(spec, ':');
	given = given != NULL ? given + 1 : spec;
	ret = port_open(&conf, &port);
	if (ret == 0) {
		/* Only this kind needs no device. */
		CHECK(strncmp(spec, "loopback:", 9) == 0);
		CHECK(strcmp(port->spec, spec) == 0);
		port_close(port);
		return;
	}
	CHECK(ret < 0 && ret > -4096 && port == NULL);
}

static void
find_values(const char *args)
{
	static const char *const keys[] = {"iface", "path", "queues", "client", ""};
	char *value;
	int ret;

	for (unsigned int i = 0; i < RTE_DIM(keys); i++) {
		size_t size = 1 + i * 7;

		value = malloc(size);
		CHECK(value != NULL);
		ret = drv_args_value(args, keys[i], value, size);
		CHECK(ret == 0 || ret == -ENOENT || ret == -EINVAL || ret == -ENAMETOOLONG);
		CHECK(ret != 0 || strnlen(value, size) < size);
		free(value);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_eal_init();
	fuzz_log_off();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	uint8_t queues = in_u8(&in);
	uint16_t mtu = in_u16(&in);
	size_t len = in_left(&in);
	char *spec = malloc(len + 1);

	CHECK(spec != NULL);
	in_bytes(&in, spec, len);
	spec[len] = '\0';
	find_values(spec);
	open_port(spec, queues, mtu);
	free(spec);
	return 0;
}
