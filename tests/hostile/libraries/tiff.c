/* SPDX-License-Identifier: Apache-2.0 */
/* tiff (libtiff-dev: libtiff-4): writes a compressed image to a file in memory and reads it */
#include "library.h"
#include <sys/mman.h>
#include <tiffio.h>
#include <unistd.h>

static uint64_t work(int number)
{
	unsigned char row[96 * 3];
	int file = memfd_create("tiff", MFD_CLOEXEC);
	TIFF *out = TIFFFdOpen(dup(file), "memory", "w");
	TIFFSetField(out, TIFFTAG_IMAGEWIDTH, 96);
	TIFFSetField(out, TIFFTAG_IMAGELENGTH, 96);
	TIFFSetField(out, TIFFTAG_BITSPERSAMPLE, 8);
	TIFFSetField(out, TIFFTAG_SAMPLESPERPIXEL, 3);
	TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
	TIFFSetField(out, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(out, TIFFTAG_COMPRESSION, number % 2 ? COMPRESSION_LZW : COMPRESSION_ADOBE_DEFLATE);
	for (uint32_t y = 0; y < 96; y++) {
		sample(row, sizeof row, number + (int)y);
		TIFFWriteScanline(out, row, y, 0);
	}
	TIFFClose(out);
	lseek(file, 0, SEEK_SET);
	TIFF *in = TIFFFdOpen(file, "memory", "r");
	uint64_t result = digest_number(0, in != NULL);
	for (uint32_t y = 0; in && y < 96; y++) {
		TIFFReadScanline(in, row, y, 0);
		result = digest(result, row, sizeof row);
	}
	if (in)
		TIFFClose(in);
	return result;
}

LIBRARY(tiff, work)
