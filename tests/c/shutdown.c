/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown: inger_shutdown() puts every word of every global-offset table back, and everything works again afterwards. */
#include <zlib.h>
#include "words.h"

static uLong checksum;
static void use_library(void *arg)
{
	unsigned char packed[256];
	uLongf length = sizeof packed;
	(void)arg;
	if (compress(packed, &length, (const unsigned char *)"libset libset libset", 20) == Z_OK)
		checksum = crc32(0, packed, (uInt)length);
	inger_pause();
}

int main(int argc, char **argv)
{
	int in_program;
	(void)argc;
	bind_now(argv);
	plan(12);
	use_library(NULL);
	/* The parts of the library that start by themselves have started: a shared launch. */
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(use_library, TO_COMPLETION, NULL, &attr);
	resume(&call, TO_COMPLETION);

	note_words();
	ok(count > 100, "%d words are watched", count);
	for (int round = 1; round <= 2; round++) {
		call = launch(use_library, TO_COMPLETION, NULL);
		ok(call.continuation, "an isolated function, round %d", round);
		different(&in_program);
		ok(in_program > 0, "words of the program have changed: %d", in_program);
		ok(inger_shutdown() == -1 && errno == EBUSY, "while it is paused there is no shutdown");

		ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete, "it completes");
		is_int(inger_shutdown(), 0, "shutdown");
	}
	show_different();
	is_int(different(&in_program), 0, "every word is back");
	return done();
}
