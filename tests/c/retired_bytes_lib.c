/* SPDX-License-Identifier: Apache-2.0 */
/* retired_bytes_lib.c - a library with a large table, whose constructor asks the program whether it may go on. */
#include <string.h>

#define BYTES (4u << 20)

void retired_bytes_begin(void);
static char table[BYTES];

__attribute__((constructor)) static void construct(void) { retired_bytes_begin(); }

void retired_bytes_write(volatile int *written)
{
	memset(table, 1, BYTES);
	*written = table[BYTES / 2];
	for (;;)
		;
}
