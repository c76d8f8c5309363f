/* SPDX-License-Identifier: Apache-2.0 */
/* magic (libmagic-dev: libmagic): reads its database and names what bytes are */
#include "library.h"
#include <magic.h>

static uint64_t work(int number)
{
	static const char *const samples[] = { "#!/bin/sh\necho", "\177ELF\2\1\1", "%PDF-1.4 text", "\211PNG\r\n\032\n", "GIF89a....", "plain words\n", "<?xml version='1.0'?><a/>", "{\"a\": 1}" };
	magic_t magic = magic_open(MAGIC_MIME_TYPE);
	uint64_t result = digest_number(0, magic_load(magic, NULL));
	for (int i = 0; i < 8; i++)
		result = digest_text(result, magic_buffer(magic, samples[(i + number) % 8], strlen(samples[(i + number) % 8])));
	magic_close(magic);
	return result;
}

LIBRARY(magic, work)
