/* SPDX-License-Identifier: Apache-2.0 */
/* libs_jpeg: a hundred functions decode JPEG images, and encode some again; damaged ones among them, whose errors leave
 * libjpeg by longjmp(). Paused in turn, each gets what it would get alone. */
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include "libs.h"

#define SIDE_MAX 64
static struct image {
	unsigned char *bytes;
	unsigned long size;
} images[LIBS_TASKS];

/* What lives through a longjmp() is here, in the frame of whoever called the function with the setjmp(). */
struct coding {
	struct jpeg_error_mgr errors; /* first: libjpeg's pointer to it is one to all of this */
	jmp_buf out;
	uint64_t digest;
	bool failed;
	int warnings;
	unsigned char *encoded; /* libjpeg allocates it, we free it */
	unsigned long encoded_size;
	JSAMPLE rows[SIDE_MAX][SIDE_MAX * 3];
};

static void on_exit_(j_common_ptr library)
{
	struct coding *c = (struct coding *)library->err;
	char message[JMSG_LENGTH_MAX];
	library->err->format_message(library, message);
	c->digest = libs_digest_text(c->digest, message);
	c->failed = true;
	longjmp(c->out, 1);
}
static void on_message(j_common_ptr library, int level)
{
	struct coding *c = (struct coding *)library->err;
	if (level >= 0)
		return;
	char message[JMSG_LENGTH_MAX];
	library->err->format_message(library, message);
	c->digest = libs_digest_text(c->digest, message);
	c->warnings++;
}
static struct jpeg_error_mgr *errors_to(struct coding *c)
{
	jpeg_std_error(&c->errors);
	c->errors.error_exit = on_exit_;
	c->errors.emit_message = on_message;
	return &c->errors;
}

/* encode - c->rows; the object is the caller's, so that it can be destroyed after an error. */
static void encode(struct coding *c, struct jpeg_compress_struct *j, int width, int height, int number)
{
	j->err = errors_to(c);
	if (setjmp(c->out))
		return;
	jpeg_create_compress(j);
	jpeg_mem_dest(j, &c->encoded, &c->encoded_size);
	j->image_width = (JDIMENSION)width;
	j->image_height = (JDIMENSION)height;
	j->input_components = 3;
	j->in_color_space = JCS_RGB;
	jpeg_set_defaults(j);
	jpeg_set_quality(j, 30 + number % 7 * 10, TRUE);
	j->dct_method = number % 3 == 0 ? JDCT_ISLOW : number % 3 == 1 ? JDCT_IFAST : JDCT_FLOAT;
	j->optimize_coding = number % 2;
	j->comp_info[0].h_samp_factor = 1 + number % 2;
	j->comp_info[0].v_samp_factor = 1 + number / 2 % 2;
	j->restart_in_rows = number % 4;
	if (number % 5 == 1)
		jpeg_simple_progression(j);
	if (number % 7 == 6)
		jpeg_set_colorspace(j, JCS_RGB);
	jpeg_start_compress(j, TRUE);
	while (j->next_scanline < j->image_height) {
		JSAMPROW row = c->rows[j->next_scanline];
		jpeg_write_scanlines(j, &row, 1);
	}
	jpeg_finish_compress(j);
}

static void decode(struct coding *c, struct jpeg_decompress_struct *j, int number)
{
	j->err = errors_to(c);
	if (setjmp(c->out))
		return;
	jpeg_create_decompress(j);
	jpeg_mem_src(j, images[number].bytes, images[number].size);
	c->digest = libs_digest_number(c->digest, jpeg_read_header(j, TRUE));
	j->out_color_space = JCS_RGB;
	j->dct_method = number % 2 ? JDCT_ISLOW : JDCT_IFAST;
	j->do_fancy_upsampling = number % 3 != 0;
	if (number % 11 == 10) {
		j->quantize_colors = TRUE; /* two passes through all of the picture, and dithering */
		j->two_pass_quantize = TRUE;
		j->desired_number_of_colors = 32;
	}
	jpeg_start_decompress(j);
	while (j->output_scanline < j->output_height) {
		JSAMPROW row = c->rows[j->output_scanline];
		jpeg_read_scanlines(j, &row, 1);
		c->digest = libs_digest(c->digest, row, j->output_width * (size_t)j->output_components);
	}
	jpeg_finish_decompress(j);
}

static uint64_t work_on(int number, bool *failed, int *warnings)
{
	struct coding *c = calloc(1, sizeof *c);
	struct jpeg_decompress_struct reader = { 0 };
	struct jpeg_compress_struct writer = { 0 };
	if (!c)
		return 0;
	decode(c, &reader, number);
	int width = (int)reader.output_width, height = (int)reader.output_height;
	jpeg_destroy_decompress(&reader);
	*failed = c->failed;
	*warnings = c->warnings;
	if (!c->failed && number % 4 == 0) {
		encode(c, &writer, width, height, number + 1);
		jpeg_destroy_compress(&writer);
		c->digest = libs_digest(c->digest, c->encoded, c->encoded_size);
	}
	uint64_t digest = c->digest;
	free(c->encoded);
	free(c);
	return digest;
}

static uint64_t once(int number)
{
	bool failed;
	int warnings;
	return work_on(number, &failed, &warnings);
}

static void make(int number)
{
	struct coding *c = calloc(1, sizeof *c);
	struct jpeg_compress_struct writer = { 0 };
	uint64_t state = (uint64_t)number;
	int width = 32 + number % 11 * 3, height = 24 + number % 9 * 4;
	if (!c)
		bail("calloc");
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width * 3; x++)
			c->rows[y][x] = (JSAMPLE)(x % 3 * 40 + x * 2 + y * (number % 4) + (int)(random_next(&state) % 20));
	encode(c, &writer, width, height, number);
	jpeg_destroy_compress(&writer);
	if (c->failed)
		bail("jpeg");
	images[number].bytes = c->encoded;
	images[number].size = c->encoded_size;
	free(c);
}

/* find_frame - the marker of the frame, which is baseline or progressive. */
static unsigned char *find_frame(int number)
{
	struct image *image = &images[number];
	for (unsigned long at = 2; at + 1 < image->size; at++)
		if (image->bytes[at] == 0xff && (image->bytes[at + 1] == 0xc0 || image->bytes[at + 1] == 0xc2))
			return image->bytes + at;
	bail("a JPEG image without a frame");
}

int main(void)
{
	int right = 0, refused = 0, warned = 0, warnings;
	bool failed;
	plan(3 + LIBS_TESTS);
	for (int i = 0; i < LIBS_TASKS; i++) {
		make(i);
		work_on(i, &failed, &warnings);
		right += !failed && !warnings;
		if (i % 20 == 3) /* a process that libjpeg does not know */
			find_frame(i)[1] = 0xc3;
		if (i % 20 == 13)
			images[i].bytes[0] = 'J';
		if (i % 10 == 7) /* the end is missing: a warning, and grey rows */
			images[i].size -= images[i].size / 3;
		work_on(i, &failed, &warnings);
		refused += failed;
		warned += !failed && warnings > 0;
	}
	is_int(right, LIBS_TASKS, "each image that was encoded is decoded");
	is_int(refused, LIBS_TASKS / 10, "one in ten is damaged beyond repair");
	is_int(warned, LIBS_TASKS / 10, "one in ten ends too early, which is a warning");
	libs_run("JPEG images", once);
	return done();
}
