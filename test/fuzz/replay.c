/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Runs a fuzzer over files, and over all files of folders, with any compiler: the corpus as a unit
 * test, and one input under a debugger. With no arguments that exist there is nothing to prove, so
 * that is a failure.
 */

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)

__attribute__((weak)) int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

/* In a piece of its own length: reading behind it is found. */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(RTE_MAX(size, 1u));

	CHECK(copy != NULL);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static unsigned int
replay_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 0;
	}
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* Named before it runs: a crash ends the program. */
	if (getenv("SHMX_VERBOSE") != NULL)
		fprintf(stderr, "%s\n", path);
	run(data, size);
	return 1;
}

static unsigned int
replay_folder(const char *path)
{
	struct dirent **entry;
	int n = scandir(path, &entry, NULL, alphasort);
	unsigned int done = 0;
	char file[4096];

	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			done += replay_file(file);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return done;
}

int
main(int argc, char **argv)
{
	unsigned int done = 0;
	struct stat st;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			done += replay_folder(argv[i]);
		else
			done += replay_file(argv[i]);
	printf("%u inputs replayed\n", done);
	return done > 0 ? 0 : 1;
}
