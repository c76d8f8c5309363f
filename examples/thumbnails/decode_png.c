/* SPDX-License-Identifier: Apache-2.0 */
/* decode_png.c - decode a PNG with libpng into the job's scaler.
 *
 * decode_png() runs as a preemptible function: it may be paused between any two instructions and never go on. libpng's
 * heap blocks are therefore entered in slots that belong to the job, and whoever cancels the call frees them. A pause
 * between malloc() and the slot loses that one block; the other order could free one twice. */
#include "thumbnails.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct job *job;
	size_t at;
};

static png_voidp block_malloc(png_structp png, png_alloc_size_t size)
{
	struct job *job = png_get_mem_ptr(png);
	for (int i = 0; i < MAX_BLOCKS; i++)
		if (!job->blocks[i])
			return job->blocks[i] = malloc(size);
	return NULL;
}

static void block_free(png_structp png, png_voidp block)
{
	struct job *job = png_get_mem_ptr(png);
	for (int i = 0; i < MAX_BLOCKS; i++)
		if (job->blocks[i] == block) {
			job->blocks[i] = NULL;
			free(block);
			return;
		}
}

void decode_png_release(struct job *job)
{
	for (int i = 0; job->blocks && i < MAX_BLOCKS; i++) {
		free(job->blocks[i]);
		job->blocks[i] = NULL;
	}
}

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
static void decode_interlaced(png_structp png, struct job *job, size_t row_bytes, int passes)
{
	struct scaler *scaler = &job->scaler;
	uint64_t bytes = (uint64_t)row_bytes * scaler->src_height;
	if (bytes > MAX_PIXEL_BYTES) {
		job_fail(job, "interlaced %u x %u pixels do not fit into 1 GiB", scaler->src_width, scaler->src_height);
		png_longjmp(png, 1);
	}
	job->pixel_bytes = bytes;
	png_bytep image = png_malloc(png, bytes);
	for (int pass = 0; pass < passes; pass++)
		for (uint32_t y = 0; y < scaler->src_height; y++)
			png_read_row(png, image + y * row_bytes, NULL);
	for (uint32_t y = 0; y < scaler->src_height; y++)
		scaler_row(scaler, image + y * row_bytes);
	png_free(png, image);
	job->pixel_bytes = 0;
}

void decode_png(void *arg)
{
	struct job *job = arg;
	struct reader reader = {job, 0};
	png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, job, on_error, on_warning, job, block_malloc,
						   block_free);
	if (!png) {
		if (!job->failed)
			job_fail(job, "libpng cannot start");
		return;
	}
	/* Whatever libpng has on the heap, its own struct included, is in the slots: releasing them stands for
	 * png_destroy_read_struct() on every way out. */
	if (setjmp(png_jmpbuf(png))) {
		decode_png_release(job);
		return;
	}
	png_infop info = png_create_info_struct(png);
	if (!info)
		png_error(png, "out of memory");
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
		decode_rows(png, &job->scaler, png_malloc(png, row_bytes));
	else
		decode_interlaced(png, job, row_bytes, passes);
	decode_png_release(job);
}
