/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "connect.h"
#include "hexdump.h"
#include "place.h"

#define CHUNK (1u << 20) /* moved at a time */

static uint8_t chunk[CHUNK];
static struct place place;

static enum ctl_exit
file_failed(const char *file)
{
	fail("%s: %s", file, strerror(errno));
	return CTL_FAILED;
}

static bool
is_stream(const char *file)
{
	return file == NULL || strcmp(file, "-") == 0;
}

/* ---- put ------------------------------------------------------------------------------- */

static struct put_values {
	uint64_t length; /* 0: all there is */
} put;

static const struct option_type put_options[] = {
	{"length", OPTION_BYTES, offsetof(struct put_values, length), 1, SHMX_LEN_MAX},
};

static const struct column moved_columns[] = {
	{"address", "address", CELL_ADDRESS},
	{"length", "length", CELL_NUMBER},
};

static int
check_put(const struct ctl *c)
{
	return word_place(c->words[0], &place);
}

/* As much as there is, up to @p most. @return bytes; -1: errno says why. */
static ssize_t
read_all(int fd, uint8_t *to, size_t most)
{
	size_t n = 0;
	ssize_t ret;

	do {
		ret = read(fd, to + n, most - n);
		if (ret > 0)
			n += (size_t)ret;
	} while ((ret > 0 && n < most) || (ret < 0 && errno == EINTR));
	return ret < 0 ? -1 : (ssize_t)n;
}

static enum ctl_exit
too_long(uint64_t room, uint64_t done)
{
	fail("%s: the input is longer than the %" PRIu64 " bytes from there to the end of the "
	     "allocation; %" PRIu64 " of them were written: give --length, or allocate more",
		place.text, room, done);
	return CTL_FAILED;
}

/* Whether a file whose size is known would run over the end. */
static bool
fits(int fd, uint64_t room)
{
	struct stat st;

	return put.length > 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	       (uint64_t)st.st_size <= room;
}

static enum ctl_exit
put_stream(struct ctl *c, int fd, const char *file, uint64_t room, uint64_t *done)
{
	uint64_t most = put.length > 0 ? put.length : UINT64_MAX;
	ssize_t n;
	int ret;

	for (*done = 0; *done < most; *done += (uint64_t)n) {
		n = read_all(fd, chunk, (size_t)RTE_MIN(most - *done, (uint64_t)CHUNK));
		if (n < 0)
			return file_failed(file);
		if (n == 0)
			break;
		if ((uint64_t)n > room - *done)
			return too_long(room, *done);
		ret = shmx_put_sync(c->ep, place.addr + *done, chunk, (uint64_t)n);
		if (ret < 0)
			return ctl_explain(c, place.text, ret);
	}
	if (put.length == 0 || *done == put.length)
		return CTL_DONE;
	fail("%s: it has %" PRIu64 " bytes only, which were written", file, *done);
	return CTL_FAILED;
}

static enum ctl_exit
put_from(struct ctl *c, int fd, const char *file, uint64_t room)
{
	uint64_t done = 0;
	enum ctl_exit ret;

	if (put.length > room || !fits(fd, room))
		return too_long(room, 0);
	ret = put_stream(c, fd, file, room, &done);
	if (ret != CTL_DONE)
		return ret;
	return ctl_object(c, moved_columns, RTE_DIM(moved_columns),
		(const union cell[]){{.number = place.addr}, {.number = done}});
}

static enum ctl_exit
put_run(struct ctl *c)
{
	const char *file = c->nb_words > 1 ? c->words[1] : NULL;
	int fd = is_stream(file) ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	uint64_t left = 0;
	enum ctl_exit ret;

	if (fd < 0)
		return file_failed(file);
	ret = place_find(c, &place, &left);
	if (ret == CTL_DONE)
		ret = put_from(c, fd, is_stream(file) ? "standard input" : file,
			left > 0 ? left : UINT64_MAX);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

/* ---- get ------------------------------------------------------------------------------- */

static struct get_values {
	uint64_t length; /* 0: to the end of the allocation */
	const char *output;
	bool hexdump;
} get;

static const struct option_type get_options[] = {
	{"length", OPTION_BYTES, offsetof(struct get_values, length), 1, SHMX_LEN_MAX},
	{"output", OPTION_TEXT, offsetof(struct get_values, output), .letter = 'o'},
	{"hexdump", OPTION_FLAG, offsetof(struct get_values, hexdump), .letter = 'x'},
};

static int
check_get(const struct ctl *c)
{
	if (word_place(c->words[0], &place) < 0)
		return -EINVAL;
	if (place.kind != PLACE_NAME && get.length == 0)
		return fail("%s: give --length: only that of an allocation with a name is known",
			place.text);
	if (c->opt.json && get.hexdump)
		return fail("--hexdump is for people, --json for programs: choose one");
	return 0;
}

/* Where the bytes go, and in which form. */
struct sink {
	FILE *to;
	const char *file; /* NULL: standard output */
	bool hex;         /* two digits a byte, in JSON */
	bool dumps;
	struct hexdump dump;
};

/* Nothing is written over before the first bytes are here. */
static enum ctl_exit
sink_open(const struct ctl *c, struct sink *sink)
{
	bool stream = is_stream(get.output);

	*sink = (struct sink){.dumps = get.hexdump, .hex = c->opt.json && stream};
	sink->to = stream ? stdout : fopen(get.output, "we");
	if (sink->to == NULL)
		return file_failed(get.output);
	sink->file = stream ? NULL : get.output;
	if (sink->dumps)
		hexdump_begin(&sink->dump, sink->to, place.addr);
	if (sink->hex)
		fprintf(sink->to, "{\"address\":\"0x%016" PRIx64 "\",\"data\":\"", place.addr);
	return CTL_DONE;
}

static void
sink_add(struct sink *sink, const uint8_t *data, size_t len)
{
	if (sink->dumps)
		hexdump_add(&sink->dump, data, len);
	else if (!sink->hex)
		fwrite(data, 1, len, sink->to);
	for (size_t i = 0; sink->hex && i < len; i++)
		fprintf(sink->to, "%02x", data[i]);
}

static enum ctl_exit
sink_close(const struct ctl *c, struct sink *sink, uint64_t len)
{
	bool bad;

	if (sink->dumps)
		hexdump_end(&sink->dump);
	if (sink->hex)
		fprintf(sink->to, "\",\"length\":%" PRIu64 "}\n", len);
	if (sink->file == NULL)
		return CTL_DONE; /* main() looks whether all went out */
	bad = ferror(sink->to) != 0;
	if (fclose(sink->to) != 0 || bad)
		return file_failed(sink->file);
	return ctl_object(c, moved_columns, RTE_DIM(moved_columns),
		(const union cell[]){{.number = place.addr}, {.number = len}});
}

static int
get_some(struct ctl *c, uint64_t at, uint64_t len)
{
	return shmx_get_sync(c->ep, place.addr + at, chunk, RTE_MIN(len - at, (uint64_t)CHUNK));
}

static enum ctl_exit
get_to(struct ctl *c, struct sink *sink, uint64_t len)
{
	enum ctl_exit opened;
	int ret = get_some(c, 0, len);

	if (ret < 0)
		return ctl_explain(c, place.text, ret);
	opened = sink_open(c, sink);
	if (opened != CTL_DONE)
		return opened;
	for (uint64_t at = 0; at < len; at += CHUNK) {
		ret = at > 0 ? get_some(c, at, len) : 0;
		if (ret < 0)
			break;
		sink_add(sink, chunk, (size_t)RTE_MIN(len - at, (uint64_t)CHUNK));
	}
	return ret < 0 ? ctl_explain(c, place.text, ret) : sink_close(c, sink, len);
}

static enum ctl_exit
get_run(struct ctl *c)
{
	uint64_t left = 0;
	enum ctl_exit found = place_find(c, &place, &left);
	struct sink sink;

	if (found != CTL_DONE)
		return found;
	return get_to(c, &sink, get.length > 0 ? get.length : left);
}

const struct command data_commands[] = {
	{
		.name = "put",
		.words = "PLACE [FILE]",
		.summary = "Write a file, or the standard input, to shared memory.",
		.details = "  --length BYTES   so many of them, no less [all there are]\n"
			   "\n"
			   "What does not fit into an allocation that is given by its name is "
			   "refused.\n",
		.min = 1,
		.max = 2,
		COMMAND_OPTIONS(put_options, put),
		.check = check_put,
		.run = put_run,
	},
	{
		.name = "get",
		.words = "PLACE",
		.summary = "Read shared memory to the standard output, or to a file.",
		.details =
			"  --length BYTES      [to the end of the allocation, when PLACE has its "
			"name]\n"
			"  -o, --output FILE   instead of the standard output\n"
			"  -x, --hexdump       as people read it\n"
			"\n"
			"With --json the bytes are hexadecimal digits in \"data\", unless they go "
			"to a file.\n",
		.min = 1,
		.max = 1,
		COMMAND_OPTIONS(get_options, get),
		.check = check_get,
		.run = get_run,
	},
	{NULL},
};
