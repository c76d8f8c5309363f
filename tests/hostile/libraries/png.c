/* SPDX-License-Identifier: Apache-2.0 */
/* png (libpng-dev: libpng): writes a 96 x 96 image to memory and reads it back */
#include "library.h"
#include <png.h>

#define SIDE 96

static uint64_t work(int number)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_RGBA };
	png_alloc_size_t size = SIDE * SIDE * 8;
	unsigned char *pixels = malloc(SIDE * SIDE * 4), *file = malloc(size);
	uint64_t result;
	sample(pixels, SIDE * SIDE * 4, number);
	result = digest_number(0, png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL));
	result = digest(result, file, size);
	memset(&image, 0, sizeof image);
	image.version = PNG_IMAGE_VERSION;
	result = digest_number(result, png_image_begin_read_from_memory(&image, file, size));
	image.format = PNG_FORMAT_RGBA;
	memset(pixels, 0, SIDE * SIDE * 4);
	result = digest_number(result, png_image_finish_read(&image, NULL, pixels, 0, NULL));
	result = digest(result, pixels, SIDE * SIDE * 4);
	free(pixels), free(file);
	return result;
}

LIBRARY(png, work)
