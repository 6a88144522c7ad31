/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmdline.h>
#include <cmdline_socket.h>

#include <rte_common.h>

#include "prompt.h"
#include "prompt_commands.h"

#define LINE_MAX_LEN 1024

static struct {
	struct cmdline *cl;
	bool terminal;
	bool ended; /* end of the input */
	size_t len; /* of the line begun */
	char line[LINE_MAX_LEN];
} prompt;

int
prompt_open(const struct prompt_conf *conf)
{
	cmdline_parse_ctx_t *commands = prompt_commands(conf);

	memset(&prompt, 0, sizeof(prompt));
	fflush(stdout);
	prompt.terminal = isatty(STDIN_FILENO) == 1;
	prompt.cl = prompt.terminal ? cmdline_stdin_new(commands, conf->prompt)
	                            : cmdline_new(commands, "", -1, -1);
	return prompt.cl != NULL ? 0 : -ENOMEM;
}

void
prompt_close(void)
{
	if (prompt.cl == NULL)
		return;
	if (prompt.terminal)
		cmdline_stdin_exit(prompt.cl);
	else
		cmdline_free(prompt.cl);
	prompt.cl = NULL;
}

/* A whole line with its end. */
static void
run_line(const char *line)
{
	int ret;

	if (line[strspn(line, " \t\n")] == '\0')
		return;
	ret = cmdline_parse(prompt.cl, line);
	if (ret < 0)
		printf("%s: %.*s: see help\n",
			ret == CMDLINE_PARSE_BAD_ARGS ? "bad arguments" : "no such command",
			(int)strcspn(line, "\n"), line);
}

/* A character that does not come from a terminal. */
static void
take_char(char c)
{
	if (prompt.len < LINE_MAX_LEN - 1)
		prompt.line[prompt.len] = c;
	prompt.len++;
	if (c != '\n')
		return;
	if (prompt.len < LINE_MAX_LEN) {
		prompt.line[prompt.len] = '\0';
		run_line(prompt.line);
	} else {
		printf("a line of %zu characters is too long\n", prompt.len);
	}
	prompt.len = 0;
}

static void
take(const char *text, ssize_t n)
{
	if (prompt.terminal) {
		prompt.ended = cmdline_in(prompt.cl, text, (int)n) < 0;
		return;
	}
	for (ssize_t i = 0; i < n && !prompt_has_quit(); i++)
		take_char(text[i]);
	fflush(stdout);
}

static void
take_input(void)
{
	char buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n > 0)
		take(buf, n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		prompt.ended = true;
	if (prompt.ended && prompt.len > 0)
		take("\n", 1);
}

enum prompt_state
prompt_turn(unsigned int timeout_us)
{
	const struct timespec ts = {timeout_us / 1000000, timeout_us % 1000000 * 1000L};
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	/* Without input, a time to sleep is all that is left. */
	if (ppoll(&in, prompt.ended ? 0 : 1, &ts, NULL) > 0)
		take_input();
	if (prompt_has_quit())
		return PROMPT_QUIT;
	return prompt.ended ? PROMPT_END : PROMPT_OPEN;
}
