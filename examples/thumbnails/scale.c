/* SPDX-License-Identifier: Apache-2.0 */
/* scale.c - reduce an image of any size to a thumbnail while it is being decoded, one row at a time.
 * Integers only, so that a decode which was paused gives the same bytes as one which was not. */
#include "thumbnails.h"

#include <stdlib.h>
#include <string.h>

#define BACKGROUND 255 /* what shows through transparent pixels */

bool scaler_allocate(struct scaler *scaler, uint32_t tile)
{
	scaler->sums = calloc(tile, 4 * sizeof *scaler->sums);
	scaler->out = malloc((size_t)tile * tile * 3);
	return scaler->sums && scaler->out;
}

void scaler_release(struct scaler *scaler)
{
	free(scaler->sums);
	free(scaler->out);
	scaler->sums = NULL;
	scaler->out = NULL;
}

/* The shorter side: never 0, and never more than it was, because the longer side only shrinks. */
static uint32_t scaled(uint32_t side, uint32_t tile, uint32_t longest)
{
	uint64_t result = ((uint64_t)side * tile + longest / 2) / longest;
	return result ? (uint32_t)result : 1;
}

void scaler_begin(struct scaler *scaler, uint32_t tile, uint32_t src_width, uint32_t src_height)
{
	uint32_t longest = src_width > src_height ? src_width : src_height;
	scaler->src_width = scaler->out_width = src_width;
	scaler->src_height = scaler->out_height = src_height;
	if (longest > tile) {
		scaler->out_width = scaled(src_width, tile, longest);
		scaler->out_height = scaled(src_height, tile, longest);
	}
	scaler->src_row = scaler->out_row = 0;
	memset(scaler->sums, 0, scaler->out_width * 4 * sizeof *scaler->sums);
}

/* Where the source pixels of thumbnail column or row `at` begin. */
static uint32_t source_start(uint32_t at, uint32_t src, uint32_t out)
{
	return (uint32_t)((uint64_t)at * src / out);
}

static void emit_row(struct scaler *scaler)
{
	uint32_t top = source_start(scaler->out_row, scaler->src_height, scaler->out_height);
	uint8_t *out = scaler->out + (size_t)scaler->out_row * scaler->out_width * 3;
	for (uint32_t x = 0; x < scaler->out_width; x++) {
		uint64_t columns = source_start(x + 1, scaler->src_width, scaler->out_width) -
				   source_start(x, scaler->src_width, scaler->out_width);
		uint64_t full = columns * (scaler->src_row - top) * 255;
		uint64_t *sums = scaler->sums + (size_t)x * 4;
		for (int c = 0; c < 3; c++)
			*out++ = (uint8_t)((sums[c] + (full - sums[3]) * BACKGROUND + full / 2) / full);
	}
	memset(scaler->sums, 0, scaler->out_width * 4 * sizeof *scaler->sums);
	scaler->out_row++;
}

void scaler_row(struct scaler *scaler, const uint8_t *rgba)
{
	uint32_t from = 0;
	for (uint32_t x = 0; x < scaler->out_width; x++) {
		uint64_t *sums = scaler->sums + (size_t)x * 4;
		uint32_t to = source_start(x + 1, scaler->src_width, scaler->out_width);
		for (const uint8_t *p = rgba + (size_t)from * 4; from < to; from++, p += 4) {
			sums[0] += (uint32_t)p[0] * p[3];
			sums[1] += (uint32_t)p[1] * p[3];
			sums[2] += (uint32_t)p[2] * p[3];
			sums[3] += p[3];
		}
	}
	scaler->src_row++;
	if (scaler->src_row == source_start(scaler->out_row + 1, scaler->src_height, scaler->out_height))
		emit_row(scaler);
}
