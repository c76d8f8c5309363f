/* SPDX-License-Identifier: Apache-2.0 */
/* hand_png.c - a yield after each row. None can be placed before the first: chunks with text and profiles are inflated there. */
#include <png.h>

#include "instead.h"

static void after_row(png_structp png, png_uint_32 row, int pass) {
	(void)row;
	(void)pass;
	if (!coop_yield())
		png_error(png, "stopped");
}

bool hand_png(void *png);
bool hand_png(void *png) {
	png_set_read_status_fn(png, after_row);
	return true;
}
