/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "commands.h"

static const struct command *const groups[] = {
	pool_commands,
	alloc_commands,
	data_commands,
	own_commands,
	lock_commands,
	message_commands,
	node_commands,
};

const struct command *
command_at(unsigned int index)
{
	for (unsigned int g = 0; g < RTE_DIM(groups); g++)
		for (const struct command *cmd = groups[g]; cmd->name != NULL; cmd++)
			if (index-- == 0)
				return cmd;
	return NULL;
}

/* How many of the words are the command's name; 0: it is not this one. */
static unsigned int
names(const struct command *cmd, char **words, unsigned int nb_words)
{
	size_t n = strcspn(cmd->name, " ");
	bool two = cmd->name[n] != '\0';

	if (nb_words < 1u + two || strlen(words[0]) != n || strncmp(words[0], cmd->name, n) != 0)
		return 0;
	return !two || strcmp(words[1], cmd->name + n + 1) == 0 ? 1u + two : 0;
}

/* The first word is known, but what it is to do is not. */
static const struct command *
refuse_second(const char *first, const char *second)
{
	char known[128] = "";
	size_t n = strlen(first);
	const struct command *cmd;

	for (unsigned int i = 0; (cmd = command_at(i)) != NULL; i++)
		if (strncmp(cmd->name, first, n) == 0 && cmd->name[n] == ' ')
			snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
				known[0] != '\0' ? ", " : "", cmd->name + n + 1);
	if (known[0] == '\0')
		fail("%s: no such command; see --help", first);
	else
		fail("%s%s%s: give one of %s", first, second != NULL ? " " : "",
			second != NULL ? second : "", known);
	return NULL;
}

const struct command *
command_find(char **words, unsigned int nb_words, unsigned int *named)
{
	const struct command *cmd;

	for (unsigned int i = 0; (cmd = command_at(i)) != NULL; i++) {
		*named = names(cmd, words, nb_words);
		if (*named > 0)
			return cmd;
	}
	return refuse_second(words[0], nb_words > 1 ? words[1] : NULL);
}

static const char head[] = "Looks at a memory node, and changes what is there.\n"
			   "Usage: shmx-ctl <options> COMMAND ...\n"
			   "\n";

static const char tail[] =
	"\n"
	"  --port SPEC             virtio_user:path=/run/x.sock, af_packet:iface=eth1, eth:0, ...\n"
	"  --ip ADDR[/LEN]         own address, IPv4 or IPv6;  --gateway ADDR\n"
	"  --node N                act as this node [last byte of --ip]\n"
	"  --server ADDR[:PORT]    memory node; with a port, IPv6 as [ADDR]:PORT\n"
	"  --vlan ID, --vlan-priority N, --mtu N\n"
	"  --json                  for programs\n"
	"  --profile NAME          section of the .ini file                            [default]\n"
	"  --config FILE           the .ini file  [~/.config/shmx/ctl.ini, /etc/shmx/ctl.ini]\n"
	"  --eal TEXT              options of EAL instead of its own\n"
	"  --version, --help       COMMAND --help tells more\n"
	"\n"
	"Each of them may stand in the environment, as SHMX_PORT, SHMX_IP, SHMX_SERVER, ..., and "
	"in\n"
	"the .ini file, as port = ..., ip = ..., server = ...\n"
	"\n"
	"PLACE in shared memory: POOL/NAME of an allocation, POOL/NAME+OFFSET, POOL:OFFSET, or an\n"
	"address. NODES: everyone, self, or ids as in 2,3,7-9. Sizes may have K, M, G or T.\n"
	"\n"
	"Exit status: 0 done, 1 refused or failed, 2 usage, 3 memory node not reached.\n";

void
commands_help(void)
{
	const struct command *cmd;
	char usage[64];

	fputs(head, stdout);
	for (unsigned int i = 0; (cmd = command_at(i)) != NULL; i++) {
		snprintf(usage, sizeof(usage), "%s %s", cmd->name, cmd->words);
		printf("  %-30s%s\n", usage, cmd->summary);
	}
	fputs(tail, stdout);
}

void
command_help(const struct command *cmd)
{
	bool options = cmd->options.nb > 0;

	printf("%s\nUsage: shmx-ctl <options> %s%s%s%s\n", cmd->summary, cmd->name,
		cmd->words[0] != '\0' ? " " : "", cmd->words, options ? " <options>" : "");
	if (cmd->details != NULL)
		printf("\n%s", cmd->details);
	puts("\nshmx-ctl --help tells of the options that go with every command.");
}
