/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"

/* Bytes of the UTF-8 character at @p s; 0: there is none. */
static size_t
utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *s < 0x80   ? 1
	           : *s < 0xc0 ? 0
	           : *s < 0xe0 ? 2
	           : *s < 0xf0 ? 3
	           : *s < 0xf8 ? 4
	                       : 0;
	uint32_t c = n < 2 ? *s : *s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return n > 0 && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) ? 0 : n;
}

/* One character of a string. @return its bytes. */
static size_t
print_char(const char *text)
{
	size_t n = utf8_length((const unsigned char *)text);

	if (n == 0) {
		fputs("\\ufffd", stdout);
		return 1;
	}
	if (*text == '"' || *text == '\\')
		printf("\\%c", *text);
	else if ((unsigned char)*text < 0x20)
		printf("\\u%04x", (unsigned int)*text);
	else
		fwrite(text, 1, n, stdout);
	return n;
}

void
json_string(const char *text)
{
	putchar('"');
	while (*text != '\0')
		text += print_char(text);
	putchar('"');
}
