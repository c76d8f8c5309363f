/* SPDX-License-Identifier: Apache-2.0 */
/* libs_png: a hundred functions decode PNG images of all kinds, damaged ones among them, whose errors leave libpng by
 * longjmp(); paused in turn, each gets what it would get alone. */
#include <setjmp.h>
#include <png.h>
#include "libs.h"

#define MAX_BYTES 20000
#define MAX_ROW 1024
static struct image {
	unsigned char bytes[MAX_BYTES];
	size_t size;
	uint64_t pixels; /* digest of the rows that were encoded */
} images[LIBS_TASKS];

/* What lives through a longjmp() is here, in the frame of whoever called the function with the setjmp(). */
struct coding {
	png_structp png;
	png_infop info;
	struct image *image;
	size_t at;
	uint64_t digest;
	char message[100];
};

static void on_error(png_structp png, png_const_charp message)
{
	struct coding *c = png_get_error_ptr(png);
	snprintf(c->message, sizeof c->message, "%s", message);
	png_longjmp(png, 1);
}
static void on_warning(png_structp png, png_const_charp message)
{
	struct coding *c = png_get_error_ptr(png);
	c->digest = libs_digest_text(c->digest, message);
}
static void put(png_structp png, png_bytep bytes, size_t size)
{
	struct coding *c = png_get_io_ptr(png);
	if (c->image->size + size > MAX_BYTES)
		png_error(png, "no room");
	memcpy(c->image->bytes + c->image->size, bytes, size);
	c->image->size += size;
}
static void get(png_structp png, png_bytep bytes, size_t size)
{
	struct coding *c = png_get_io_ptr(png);
	if (size > c->image->size - c->at)
		png_error(png, "end of the image");
	memcpy(bytes, c->image->bytes + c->at, size);
	c->at += size;
}

static const struct kind {
	int color, depth, channels;
} kinds[] = {
	{ PNG_COLOR_TYPE_RGB, 8, 3 }, { PNG_COLOR_TYPE_RGB_ALPHA, 8, 4 }, { PNG_COLOR_TYPE_GRAY, 8, 1 },
	{ PNG_COLOR_TYPE_PALETTE, 8, 1 }, { PNG_COLOR_TYPE_RGB, 16, 3 }, { PNG_COLOR_TYPE_GRAY_ALPHA, 16, 2 },
};
static const struct kind *kind_of(int number) { return &kinds[number % 6]; }

/* rows - the image of this number, from top to bottom in one block. */
static unsigned char *rows(int number, int width, int height, size_t *row)
{
	const struct kind *kind = kind_of(number);
	uint64_t state = (uint64_t)number;
	*row = (size_t)(width * kind->channels * kind->depth / 8);
	unsigned char *all = malloc(*row * (size_t)height);
	if (!all)
		bail("malloc");
	for (size_t i = 0; i < *row * (size_t)height; i++)
		all[i] = (unsigned char)(kind->color == PNG_COLOR_TYPE_PALETTE ? random_next(&state) % 16 :
			i % *row * 2 + i / *row * 3 + random_next(&state) % 9);
	return all;
}

static void encode(int number, struct coding *c)
{
	const struct kind *kind = kind_of(number);
	int width = 24 + number % 17 * 2, height = 16 + number % 13 * 2;
	size_t row;
	png_color palette[16];
	png_byte alpha[16];
	char key[] = "Title", title[40];
	png_text text = { .compression = number % 2 ? PNG_TEXT_COMPRESSION_zTXt : PNG_TEXT_COMPRESSION_NONE, .key = key,
		.text = title };
	unsigned char *all = rows(number, width, height, &row);
	c->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, c, on_error, on_warning);
	c->info = png_create_info_struct(c->png);
	if (setjmp(png_jmpbuf(c->png)))
		bail(c->message);
	png_set_write_fn(c->png, c, put, NULL);
	png_set_compression_level(c->png, number % 10);
	png_set_filter(c->png, 0, PNG_ALL_FILTERS);
	png_set_IHDR(c->png, c->info, (png_uint_32)width, (png_uint_32)height, kind->depth, kind->color,
		number / 6 % 2 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	for (int i = 0; i < 16; i++) {
		palette[i] = (png_color){ (png_byte)(i * 16), (png_byte)(255 - i * number % 256), (png_byte)(i * i) };
		alpha[i] = (png_byte)(255 - i * 8);
	}
	if (kind->color == PNG_COLOR_TYPE_PALETTE) {
		png_set_PLTE(c->png, c->info, palette, 16);
		png_set_tRNS(c->png, c->info, alpha, 16, NULL);
	}
	png_set_gAMA(c->png, c->info, 1.0 / (1.2 + number % 10 * 0.1));
	snprintf(title, sizeof title, "image number %d", number);
	png_set_text(c->png, c->info, &text, 1);
	png_write_info(c->png, c->info);
	png_bytep at[16 + 12 * 2];
	for (int y = 0; y < height; y++) {
		at[y] = all + row * (size_t)y;
		c->image->pixels = libs_digest(c->image->pixels, at[y], row);
	}
	png_write_image(c->png, at);
	png_write_end(c->png, c->info);
	png_destroy_write_struct(&c->png, &c->info);
	free(all);
}

/* What a program does that wants any image as 8-bit RGBA. */
static void ask_for_rgba(struct coding *c)
{
	png_set_expand(c->png);
	png_set_strip_16(c->png);
	png_set_gray_to_rgb(c->png);
	png_set_filler(c->png, 0xff, PNG_FILLER_AFTER);
	png_set_gamma(c->png, 2.2, 0.45455);
}

static void read_all(struct coding *c, bool rgba)
{
	if (setjmp(png_jmpbuf(c->png)))
		return;
	png_set_read_fn(c->png, c, get);
	png_read_info(c->png, c->info);
	if (rgba) {
		png_textp text = NULL;
		ask_for_rgba(c);
		c->digest = libs_digest_number(c->digest, png_get_text(c->png, c->info, &text, NULL));
		c->digest = libs_digest_text(c->digest, text ? text[0].text : NULL);
	}
	int passes = png_set_interlace_handling(c->png);
	png_read_update_info(c->png, c->info);
	size_t row = png_get_rowbytes(c->png, c->info), height = png_get_image_height(c->png, c->info);
	/* libpng frees it, also after an error: it belongs to the info then. */
	png_bytepp at = png_malloc(c->png, height * sizeof *at);
	for (size_t y = 0; y < height; y++)
		at[y] = png_calloc(c->png, row);
	png_set_rows(c->png, c->info, at);
	png_data_freer(c->png, c->info, PNG_DESTROY_WILL_FREE_DATA, PNG_FREE_ROWS);
	for (int pass = 0; pass < passes; pass++)
		for (size_t y = 0; y < height; y++) {
			png_read_row(c->png, at[y], NULL);
			if (pass == passes - 1)
				c->digest = libs_digest(c->digest, at[y], row);
		}
	png_read_end(c->png, rgba ? c->info : NULL);
}

static uint64_t decode(int number, bool rgba, bool *whole)
{
	struct coding c = { .image = &images[number] };
	c.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
	c.info = png_create_info_struct(c.png);
	read_all(&c, rgba);
	png_destroy_read_struct(&c.png, &c.info, NULL);
	*whole = !c.message[0];
	return *whole ? c.digest : libs_digest_text(c.digest, c.message);
}

static bool is_damaged(int number) { return number % 5 >= 3; }
static void damage(int number)
{
	struct image *image = &images[number];
	if (number % 5 == 3)
		image->size -= image->size / 3;
	else
		image->bytes[image->size / 2] ^= 0x55;
}

static uint64_t once(int number)
{
	bool whole;
	return decode(number, number % 3 != 0, &whole);
}

int main(void)
{
	int same = 0, refused = 0;
	bool whole;
	plan(2 + LIBS_TESTS);
	for (int i = 0; i < LIBS_TASKS; i++) {
		struct coding c = { .image = &images[i] };
		encode(i, &c);
		same += decode(i, false, &whole) == images[i].pixels && whole;
		if (is_damaged(i)) {
			damage(i);
			decode(i, true, &whole);
			refused += !whole;
		}
	}
	is_int(same, LIBS_TASKS, "each image that was encoded is decoded to the same rows");
	is_int(refused, LIBS_TASKS * 2 / 5, "each damaged image is refused");
	libs_run("PNG images", once);
	return done();
}
