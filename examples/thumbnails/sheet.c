/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.c - write all thumbnails as one PNG, in the order of the table. No text and no times: equal thumbnails give equal
 * files. */
#include "thumbnails.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#define GAP 8

static const uint8_t paper[3] = {0xf4, 0xf4, 0xf0}, blank[3] = {0xd8, 0xd8, 0xd4};
static const uint8_t amber[3] = {0xd0, 0x8a, 0x10}, red[3] = {0xc0, 0x30, 0x30};

struct canvas {
	uint32_t width, height;
	uint8_t *rgb;
};

static void fill(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, const uint8_t *colour)
{
	for (uint32_t row = y; row < y + height; row++)
		for (uint32_t column = x; column < x + width; column++)
			memcpy(canvas->rgb + ((size_t)row * canvas->width + column) * 3, colour, 3);
}

static void draw_thumbnail(struct canvas *canvas, uint32_t x, uint32_t y, const struct scaler *thumb, uint32_t tile)
{
	x += (tile - thumb->out_width) / 2;
	y += (tile - thumb->out_height) / 2;
	for (uint32_t row = 0; row < thumb->out_height; row++)
		memcpy(canvas->rgb + ((size_t)(y + row) * canvas->width + x) * 3,
		       thumb->out + (size_t)row * thumb->out_width * 3, (size_t)thumb->out_width * 3);
}

/* Given up: two upright bars, the sign for pause. Broken: a cross. */
static void draw_placeholder(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t tile, enum outcome outcome)
{
	uint32_t unit = tile / 8;
	fill(canvas, x, y, tile, tile, blank);
	if (outcome == OUTCOME_GIVEN_UP) {
		fill(canvas, x + 2 * unit, y + 2 * unit, unit, 4 * unit, amber);
		fill(canvas, x + 5 * unit, y + 2 * unit, unit, 4 * unit, amber);
		return;
	}
	for (uint32_t i = 0; i < 4 * unit; i++) {
		fill(canvas, x + 2 * unit + i, y + 2 * unit + i, unit / 2 + 1, 1, red);
		fill(canvas, x + 6 * unit - i, y + 2 * unit + i, unit / 2 + 1, 1, red);
	}
}

static void draw(struct canvas *canvas, const struct job_list *list, const struct settings *settings)
{
	uint32_t step = settings->tile + GAP;
	fill(canvas, 0, 0, canvas->width, canvas->height, paper);
	for (size_t i = 0; i < list->count; i++) {
		const struct job *job = list->jobs + i;
		uint32_t x = GAP + (uint32_t)(i % settings->columns) * step, y = GAP + (uint32_t)(i / settings->columns) * step;
		if (job->outcome == OUTCOME_DONE || job->outcome == OUTCOME_RESUMED)
			draw_thumbnail(canvas, x, y, &job->scaler, settings->tile);
		else
			draw_placeholder(canvas, x, y, settings->tile, job->outcome);
	}
}

/* libpng's simplified interface names no errno; what it cannot write is a file that could not be written in full. */
static int write_png(const struct canvas *canvas, FILE *file)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = canvas->width, .height = canvas->height,
			   .format = PNG_FORMAT_RGB};
	errno = 0;
	if (png_image_write_to_stdio(&image, file, 0, canvas->rgb, 0, NULL) && fflush(file) == 0)
		return 0;
	if (errno == 0)
		errno = EIO;
	return -1;
}

int sheet_write(const struct job_list *list, const struct settings *settings)
{
	uint64_t step = settings->tile + GAP, rows = (list->count + settings->columns - 1) / settings->columns;
	uint64_t columns = list->count < settings->columns ? list->count : settings->columns;
	uint64_t width = columns * step + GAP, height = rows * step + GAP;
	if (width * height * 3 > MAX_PIXEL_BYTES || height > 1000000 || width > 1000000) { /* libpng's own limit on a side */
		errno = EFBIG;
		return -1;
	}
	struct canvas canvas = {(uint32_t)width, (uint32_t)height, malloc(width * height * 3)};
	if (!canvas.rgb)
		return -1;
	draw(&canvas, list, settings);
	int result = -1;
	FILE *file = fopen(settings->out, "wbe");
	if (file) {
		result = write_png(&canvas, file);
		int error = errno;
		if (fclose(file) != 0 && result == 0)
			result = -1;
		else
			errno = error;
	}
	int error = errno;
	free(canvas.rgb);
	errno = error;
	return result;
}
