/* SPDX-License-Identifier: Apache-2.0 */
/* launches.c - launches an empty function; INGER_TRACE, which is read once, says whether this is recorded. For each number on
 * standard input it launches so often, and writes what one takes, in nanoseconds. */
#include <errno.h>
#include <inger.h>
#include <unistd.h>

#include "harness.h"

static void nothing(void *argument) { (void)argument; }

int main(void) {
	uint32_t count;
	while (read(STDIN_FILENO, &count, sizeof(count)) == sizeof(count)) {
		double start = now_ns();
		for (uint32_t i = 0; i < count; i++) {
			linger_t call = launch(nothing, TO_COMPLETION, NULL);
			if (!call.is_complete)
				die("launch an empty function", "not complete", call.continuation ? 0 : errno);
		}
		double ns = (now_ns() - start) / count;
		if (write(STDOUT_FILENO, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}
