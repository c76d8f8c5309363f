/* SPDX-License-Identifier: Apache-2.0 */
/* hand_zlib.c - a yield after each piece of output. zlib is made to be called in pieces. */
#include "instead.h"

bool hand_zlib(void *z);
bool hand_zlib(void *z) {
	(void)z;
	return coop_yield();
}
