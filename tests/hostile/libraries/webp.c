/* SPDX-License-Identifier: Apache-2.0 */
/* webp (libwebp-dev: libwebp): compresses a 48 x 48 image and decompresses it */
#include "library.h"
#include <webp/decode.h>
#include <webp/encode.h>

static uint64_t work(int number)
{
	unsigned char pixels[48 * 48 * 3], *file = NULL;
	int width, height;
	sample(pixels, sizeof pixels, number);
	size_t size = number % 2 ? WebPEncodeRGB(pixels, 48, 48, 48 * 3, 70, &file) : WebPEncodeLosslessRGB(pixels, 48, 48, 48 * 3, &file);
	uint64_t result = digest(0, file, size);
	unsigned char *back = WebPDecodeRGB(file, size, &width, &height);
	result = digest(result, back, (size_t)(width * height * 3));
	WebPFree(back);
	WebPFree(file);
	return result;
}

LIBRARY(webp, work)
