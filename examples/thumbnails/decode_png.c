/* SPDX-License-Identifier: Apache-2.0 */
/* decode_png.c - decode a PNG with libpng into the job's scaler.
 *
 * decode_png() runs as a preemptible function: it may be paused between any two instructions and never go on. What it and
 * libpng have on the heap is then released by cancel(); it cleans up for the ways that lead out of it. */
#include "thumbnails.h"

#include <png.h>
#include <string.h>

struct reader {
	struct job *job;
	size_t at;
	png_voidp volatile pixels; /* volatile: written after setjmp() */
};

static void read_bytes(png_structp png, png_bytep to, size_t size)
{
	struct reader *reader = png_get_io_ptr(png);
	if (size > reader->job->size - reader->at)
		png_error(png, "file is truncated");
	memcpy(to, reader->job->data + reader->at, size);
	reader->at += size;
}

static void on_error(png_structp png, png_const_charp message)
{
	job_fail(png_get_error_ptr(png), "%s", message);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

/* Every colour type becomes 8-bit RGBA. */
static void set_transformations(png_structp png)
{
	png_set_expand(png);
	png_set_scale_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
}

static void decode_rows(png_structp png, struct scaler *scaler, png_bytep row)
{
	for (uint32_t y = 0; y < scaler->src_height; y++) {
		png_read_row(png, row, NULL);
		scaler_row(scaler, row);
	}
}

/* Interlaced rows come in seven passes, so all of them have to be kept. */
static void decode_interlaced(png_structp png, struct reader *reader, size_t row_bytes, int passes)
{
	struct job *job = reader->job;
	struct scaler *scaler = &job->scaler;
	uint64_t bytes = (uint64_t)row_bytes * scaler->src_height;
	if (bytes > MAX_PIXEL_BYTES) {
		job_fail(job, "interlaced %u x %u pixels do not fit into 1 GiB", scaler->src_width, scaler->src_height);
		png_longjmp(png, 1);
	}
	job->pixel_bytes = bytes;
	png_bytep image = reader->pixels = png_malloc(png, bytes);
	for (int pass = 0; pass < passes; pass++)
		for (uint32_t y = 0; y < scaler->src_height; y++)
			png_read_row(png, image + y * row_bytes, NULL);
	for (uint32_t y = 0; y < scaler->src_height; y++)
		scaler_row(scaler, image + y * row_bytes);
	job->pixel_bytes = 0;
}

void decode_png(void *arg)
{
	struct job *job = arg;
	struct reader reader = {job, 0, NULL};
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	if (!info) {
		if (!job->failed)
			job_fail(job, "libpng cannot start");
		png_destroy_read_struct(&png, NULL, NULL);
		return;
	}
	if (setjmp(png_jmpbuf(png)))
		goto out;
	png_set_read_fn(png, &reader, read_bytes);
	png_set_chunk_cache_max(png, 100);
	png_read_info(png, info);
	set_transformations(png);
	int passes = png_set_interlace_handling(png);
	png_read_update_info(png, info);
	size_t row_bytes = png_get_rowbytes(png, info);
	job->width = png_get_image_width(png, info);
	job->height = png_get_image_height(png, info);
	scaler_begin(&job->scaler, job->tile, job->width, job->height);
	if (row_bytes != (size_t)job->scaler.src_width * 4)
		png_error(png, "unexpected pixel format");
	if (passes == 1)
		decode_rows(png, &job->scaler, reader.pixels = png_malloc(png, row_bytes));
	else
		decode_interlaced(png, &reader, row_bytes, passes);
out:
	png_free(png, reader.pixels);
	png_destroy_read_struct(&png, &info, NULL);
}
