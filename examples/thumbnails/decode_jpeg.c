/* SPDX-License-Identifier: Apache-2.0 */
/* decode_jpeg.c - decode a JPEG with libjpeg into the job's scaler.
 *
 * decode_jpeg() runs as a preemptible function: what it and libjpeg have on the heap is released by cancel(). */
#include "thumbnails.h"

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>

struct error_manager {
	struct jpeg_error_mgr base; /* first: libjpeg knows only this part */
	jmp_buf escape;
	struct job *job;
};

static void on_error(j_common_ptr common)
{
	struct error_manager *errors = (struct error_manager *)common->err;
	char message[JMSG_LENGTH_MAX];
	errors->base.format_message(common, message);
	job_fail(errors->job, "%s", message);
	longjmp(errors->escape, 1);
}

/* libjpeg makes up the missing part of a truncated file; a thumbnail should not. Other warnings are none of ours. */
static void on_message(j_common_ptr common, int level)
{
	struct error_manager *errors = (struct error_manager *)common->err;
	if (level < 0 && errors->base.msg_code == JWRN_JPEG_EOF) {
		job_fail(errors->job, "file is truncated");
		longjmp(errors->escape, 1);
	}
}

/* A file of several scans, as progressive ones are, is kept whole as coefficients. */
static uint64_t coefficient_bytes(struct jpeg_decompress_struct *jpeg)
{
	uint64_t bytes = 0;
	if (jpeg_has_multiple_scans(jpeg))
		for (int i = 0; i < jpeg->num_components; i++)
			bytes += (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks *
				 sizeof(JBLOCK);
	return bytes;
}

/* libjpeg decodes to an eighth, a quarter or half of the size for less than the whole costs. */
static unsigned reduction(const struct jpeg_decompress_struct *jpeg, uint32_t tile)
{
	uint32_t longest = jpeg->image_width > jpeg->image_height ? jpeg->image_width : jpeg->image_height;
	unsigned by = 8;
	while (by > 1 && longest / by < 2 * tile)
		by /= 2;
	return by;
}

static void rgb_to_rgba(const JSAMPLE *from, uint8_t *to, size_t pixels)
{
	for (; pixels; pixels--, from += 3, to += 4) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = 255;
	}
}

/* Adobe's programs store ink inverted: 255 is none. */
static void cmyk_to_rgba(const JSAMPLE *from, uint8_t *to, size_t pixels, bool inverted)
{
	unsigned flip = inverted ? 0 : 255;
	for (; pixels; pixels--, from += 4, to += 4) {
		unsigned light = from[3] ^ flip;
		for (int c = 0; c < 3; c++)
			to[c] = (uint8_t)((from[c] ^ flip) * light / 255);
		to[3] = 255;
	}
}

static void decode_rows(struct jpeg_decompress_struct *jpeg, struct job *job, bool cmyk)
{
	j_common_ptr common = (j_common_ptr)jpeg;
	JDIMENSION width = jpeg->output_width;
	JSAMPARRAY row = jpeg->mem->alloc_sarray(common, JPOOL_IMAGE, width * (JDIMENSION)jpeg->output_components, 1);
	uint8_t *rgba = jpeg->mem->alloc_large(common, JPOOL_IMAGE, (size_t)width * 4);
	scaler_begin(&job->scaler, job->tile, width, jpeg->output_height);
	while (jpeg->output_scanline < jpeg->output_height) {
		jpeg_read_scanlines(jpeg, row, 1);
		if (cmyk)
			cmyk_to_rgba(row[0], rgba, width, jpeg->saw_Adobe_marker);
		else
			rgb_to_rgba(row[0], rgba, width);
		scaler_row(&job->scaler, rgba);
	}
}

void decode_jpeg(void *arg)
{
	struct job *job = arg;
	struct jpeg_decompress_struct jpeg;
	struct error_manager errors = {.job = job};
	jpeg.err = jpeg_std_error(&errors.base);
	errors.base.error_exit = on_error;
	errors.base.emit_message = on_message;
	jpeg.mem = NULL; /* jpeg_destroy_decompress() looks at it when the creation fails */
	if (setjmp(errors.escape)) {
		jpeg_destroy_decompress(&jpeg);
		job->pixel_bytes = 0;
		return;
	}
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, job->data, job->size);
	jpeg_read_header(&jpeg, TRUE);
	job->width = jpeg.image_width;
	job->height = jpeg.image_height;
	job->pixel_bytes = coefficient_bytes(&jpeg);
	if (job->pixel_bytes > MAX_PIXEL_BYTES) {
		job_fail(job, "%u x %u pixels in several scans do not fit into 1 GiB", job->width, job->height);
		longjmp(errors.escape, 1);
	}
	bool cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
	jpeg.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
	jpeg.scale_num = 1;
	jpeg.scale_denom = reduction(&jpeg, job->tile);
	jpeg_start_decompress(&jpeg);
	decode_rows(&jpeg, job, cmyk);
	jpeg_destroy_decompress(&jpeg);
	job->pixel_bytes = 0;
}
