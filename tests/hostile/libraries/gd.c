/* SPDX-License-Identifier: Apache-2.0 */
/* gd (libgd-dev: gdlib): draws, scales and writes PNG */
#include "library.h"
#include <gd.h>

static uint64_t work(int number)
{
	gdImagePtr image = gdImageCreateTrueColor(100, 100);
	for (int i = 0; i < 50; i++) {
		gdImageFilledEllipse(image, (i * 17 + number) % 100, (i * 29) % 100, 20, 10 + i % 9, gdTrueColor(i * 5, 255 - i, number * 30));
		gdImageLine(image, i, 0, 99, i * 2 % 100, gdTrueColor(i, i, i));
	}
	gdImagePtr small = gdImageScale(image, 40, 40);
	int size = 0;
	void *file = gdImagePngPtr(small, &size);
	uint64_t result = digest(0, file, (size_t)size);
	gdFree(file);
	gdImageDestroy(small);
	gdImageDestroy(image);
	return result;
}

LIBRARY(gd, work)
