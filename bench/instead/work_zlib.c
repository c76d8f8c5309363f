/* SPDX-License-Identifier: Apache-2.0 */
/* work_zlib.c - inflate a zlib stream into a buffer that grows with it. Bad: a bomb of 256 MiB. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../harness.h"
#include "inputs.h"

enum { STREAMS = 16, FIRST = 1 << 16, BOMB = 256 << 20 };

static void run(struct job *job) {
	z_stream z = { .next_in = (unsigned char *)job->input, .avail_in = (uInt)job->input_bytes };
	size_t room = FIRST, have = 0;
	unsigned char *output = malloc(room);
	if (!output)
		return;
	int status = inflateInit(&z);
	while (status == Z_OK) {
		if (have == room) {
			unsigned char *larger = realloc(output, room * 2);
			if (!larger)
				break;
			output = larger;
			room *= 2;
		}
		/* A piece at a time, so that there is a place between two of them. */
		size_t piece = room - have < FIRST ? room - have : FIRST;
		z.next_out = output + have;
		z.avail_out = (uInt)piece;
		status = inflate(&z, Z_NO_FLUSH);
		have += piece - z.avail_out;
		if (job->place && !job->place(&z))
			break;
	}
	inflateEnd(&z);
	if (status != Z_STREAM_END) {
		free(output);
		return;
	}
	job->output = output;
	job->output_bytes = have;
}

static void make(struct inputs *inputs, uint64_t *random) {
	static const char *const words[] = { "budget ", "the ", "pause ", "of ", "a libset ", "is\n", "resumed, ", "while " };
	for (int i = 0; i < STREAMS; i++) {
		size_t size = 50000 + random_next(random) % 300000, used = 0;
		unsigned char *text = malloc(size + 16);
		uLongf packed = compressBound(size);
		unsigned char *stream = malloc(packed);
		if (!text || !stream)
			die("make streams", "malloc", 0);
		while (used < size) {
			uint64_t r = random_next(random);
			const char *word = words[r % 8];
			size_t length = strlen(word);
			memcpy(text + used, word, length);
			if (r >> 60 == 0)
				text[used] = (unsigned char)(r >> 32);
			used += length;
		}
		if (compress2(stream, &packed, text, size, 6) != Z_OK)
			die("make streams", "compress2", 0);
		inputs_good(inputs, stream, packed);
		free(text);
		free(stream);
	}
	size_t bytes;
	unsigned char *bomb = zeros_deflated(BOMB, &bytes);
	inputs_bad(inputs, bomb, bytes);
	free(bomb);
}

bool hand_zlib(void *z) __attribute__((weak));
const struct work work_zlib = { .name = "zlib", .run = run, .make = make, .place = hand_zlib };
