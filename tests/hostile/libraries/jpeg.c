/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg (libjpeg62-turbo-dev: -ljpeg): compresses a 128 x 128 image and decompresses it */
#include "library.h"
#include <jpeglib.h>

#define SIDE 128

static uint64_t work(int number)
{
	struct jpeg_error_mgr errors;
	struct jpeg_compress_struct out = { .err = jpeg_std_error(&errors) };
	unsigned char *file = NULL, row[SIDE * 3];
	unsigned long size = 0;
	uint64_t result = 0;
	jpeg_create_compress(&out);
	jpeg_mem_dest(&out, &file, &size);
	out.image_width = out.image_height = SIDE;
	out.input_components = 3;
	out.in_color_space = JCS_RGB;
	jpeg_set_defaults(&out);
	jpeg_set_quality(&out, 60 + number, TRUE);
	jpeg_start_compress(&out, TRUE);
	for (int y = 0; y < SIDE; y++) {
		JSAMPROW rows[] = { row };
		sample(row, sizeof row, number + y);
		jpeg_write_scanlines(&out, rows, 1);
	}
	jpeg_finish_compress(&out);
	jpeg_destroy_compress(&out);

	struct jpeg_decompress_struct in = { .err = &errors };
	jpeg_create_decompress(&in);
	jpeg_mem_src(&in, file, size);
	result = digest_number(result, jpeg_read_header(&in, TRUE));
	jpeg_start_decompress(&in);
	while (in.output_scanline < in.output_height) {
		JSAMPROW rows[] = { row };
		jpeg_read_scanlines(&in, rows, 1);
		result = digest(result, row, sizeof row);
	}
	jpeg_finish_decompress(&in);
	jpeg_destroy_decompress(&in);
	free(file);
	return result;
}

LIBRARY(jpeg, work)
