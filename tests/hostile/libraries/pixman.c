/* SPDX-License-Identifier: Apache-2.0 */
/* pixman (libpixman-1-dev: pixman-1): composes and scales images, regions */
#include "library.h"
#include <pixman.h>

static uint64_t work(int number)
{
	uint32_t *a = malloc(128 * 128 * 4), *b = calloc(128 * 128, 4);
	sample((unsigned char *)a, 128 * 128 * 4, number);
	pixman_image_t *from = pixman_image_create_bits(PIXMAN_a8r8g8b8, 128, 128, a, 512);
	pixman_image_t *to = pixman_image_create_bits(PIXMAN_a8r8g8b8, 128, 128, b, 512);
	pixman_transform_t scale;
	pixman_transform_init_scale(&scale, pixman_double_to_fixed(1.5), pixman_double_to_fixed(0.7));
	pixman_image_set_transform(from, &scale);
	pixman_image_set_filter(from, PIXMAN_FILTER_BILINEAR, NULL, 0);
	for (int i = 0; i < 10; i++)
		pixman_image_composite32(i % 2 ? PIXMAN_OP_OVER : PIXMAN_OP_ADD, from, NULL, to, 0, 0, 0, 0, i, i, 100, 100);
	uint64_t result = digest(0, b, 128 * 128 * 4);
	pixman_image_unref(from), pixman_image_unref(to);
	free(a), free(b);
	return result;
}

LIBRARY(pixman, work)
