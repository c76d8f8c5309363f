/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown_unloaded_lib: a part of the program, since it needs libinger.so, that calls a library. */
#include <zlib.h>

unsigned long unloaded_sum(void);
unsigned long unloaded_sum(void) { return crc32(0, (const unsigned char *)"123456789", 9); }
