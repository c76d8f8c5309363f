/* SPDX-License-Identifier: Apache-2.0 */
/* vips (libvips-dev: vips): makes an image, blurs, scales and writes PNG, on threads of its own */
#include "library.h"
#include <vips/vips.h>

static uint64_t work(int number)
{
	VipsImage *a = NULL, *b = NULL, *c = NULL;
	void *file = NULL;
	size_t size = 0;
	if (VIPS_INIT("hostile") != 0)
		return 1;
	uint64_t result = digest_number(0, vips_gaussnoise(&a, 100, 100, "mean", 128.0, "sigma", 20.0, "seed", number, NULL));
	result = digest_number(result, vips_gaussblur(a, &b, 2.0, NULL));
	result = digest_number(result, vips_resize(b, &c, 0.5, NULL));
	result = digest_number(result, vips_pngsave_buffer(c, &file, &size, NULL));
	result = digest(result, file, size);
	g_free(file);
	g_object_unref(a), g_object_unref(b), g_object_unref(c);
	return result;
}

LIBRARY(vips, work)
