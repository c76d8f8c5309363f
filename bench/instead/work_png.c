/* SPDX-License-Identifier: Apache-2.0 */
/* work_png.c - decode a PNG image from memory to RGBA with libpng. Bad: a decompression bomb of 25 million pixels. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "../harness.h"
#include "inputs.h"

enum { IMAGES = 16, BOMB_SIZE = 5000 };

struct source {
	const unsigned char *at;
	size_t left;
};

static void read_bytes(png_structp png, png_bytep to, size_t size) {
	struct source *source = png_get_io_ptr(png);
	if (size > source->left)
		png_error(png, "truncated");
	memcpy(to, source->at, size);
	source->at += size;
	source->left -= size;
}

static void refuse(png_structp png, png_const_charp message) {
	(void)message;
	png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
	(void)png;
	(void)message;
}

static void run(struct job *job) {
	struct source source = { job->input, job->input_bytes };
	unsigned char *volatile pixels = NULL; /* volatile: set after setjmp() */
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, refuse, ignore);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_read_struct(&png, &info, NULL);
		free(pixels);
		return;
	}
	png_set_read_fn(png, &source, read_bytes);
	png_read_info(png, info);
	png_set_expand(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	if (job->place && !job->place(png))
		png_error(png, "stopped");
	png_read_update_info(png, info);
	size_t row_bytes = png_get_rowbytes(png, info), rows = png_get_image_height(png, info);
	pixels = malloc(rows * row_bytes);
	if (!pixels)
		png_error(png, "no memory");
	for (size_t y = 0; y < rows; y++)
		png_read_row(png, pixels + y * row_bytes, NULL);
	png_read_end(png, NULL);
	png_destroy_read_struct(&png, &info, NULL);
	job->output = pixels;
	job->output_bytes = rows * row_bytes;
}

/* Something between a photograph and a drawing: gradients, with noise in the lowest bits of some rows. */
static void paint(unsigned char *to, uint32_t width, uint32_t height, uint32_t channels, uint64_t *random) {
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			for (uint32_t c = 0; c < channels; c++)
				*to++ = (unsigned char)((x * (c + 1) + y * 2) / 3 + (y % 4 ? 0 : random_next(random) % 8));
}

static void make(struct inputs *inputs, uint64_t *random) {
	static const png_uint_32 formats[] = { PNG_FORMAT_GRAY, PNG_FORMAT_RGB, PNG_FORMAT_RGBA };
	for (int i = 0; i < IMAGES; i++) {
		png_image image = { .version = PNG_IMAGE_VERSION, .format = formats[i % 3] };
		image.width = 96 + (png_uint_32)(random_next(random) % 160);
		image.height = 96 + (png_uint_32)(random_next(random) % 160);
		unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
		png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image);
		unsigned char *encoded = malloc(room);
		if (!pixels || !encoded)
			die("make images", "malloc", 0);
		paint(pixels, image.width, image.height, PNG_IMAGE_PIXEL_CHANNELS(image.format), random);
		if (!png_image_write_to_memory(&image, encoded, &room, 0, pixels, 0, NULL))
			die("make images", image.message, 0);
		inputs_good(inputs, encoded, room);
		free(pixels);
		free(encoded);
	}
	size_t bytes;
	unsigned char *bomb = png_bomb(BOMB_SIZE, &bytes);
	inputs_bad(inputs, bomb, bytes);
	free(bomb);
}

bool hand_png(void *png) __attribute__((weak));
const struct work work_png = { .name = "png", .run = run, .make = make, .place = hand_png };
