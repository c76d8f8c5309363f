/* SPDX-License-Identifier: Apache-2.0 */
/* cairo (libcairo2-dev: cairo): draws paths and gradients into an image */
#include "library.h"
#include <cairo.h>

static uint64_t work(int number)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 80, 80);
	cairo_t *cairo = cairo_create(surface);
	cairo_pattern_t *pattern = cairo_pattern_create_linear(0, 0, 80, 80);
	cairo_pattern_add_color_stop_rgba(pattern, 0, 1, 0.5, number / 8.0, 1);
	cairo_pattern_add_color_stop_rgba(pattern, 1, 0, 0.2, 0.7, 0.5);
	for (int i = 0; i < 20; i++) {
		cairo_arc(cairo, i * 4, 40 + number, 10 + i % 5, 0, 5);
		cairo_set_source(cairo, pattern);
		cairo_fill_preserve(cairo);
		cairo_set_source_rgb(cairo, 0, 0, i / 20.0);
		cairo_stroke(cairo);
	}
	cairo_pattern_destroy(pattern);
	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	uint64_t result = digest(0, cairo_image_surface_get_data(surface), (size_t)cairo_image_surface_get_stride(surface) * 80);
	cairo_surface_destroy(surface);
	return result;
}

LIBRARY(cairo, work)
