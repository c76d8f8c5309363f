/* SPDX-License-Identifier: Apache-2.0 */
/* libs_zlib: a hundred functions compress and decompress, with all levels, strategies and wrappers, damaged streams
 * among them; paused in turn, each gets what it would get alone. */
#include <zlib.h>
#include "libs.h"

#define PLAIN 6000
#define PACKED (PLAIN + 600)
static unsigned char plain[LIBS_TASKS][PLAIN];
static const char dictionary[] = "a text that is likely to come again, such as this text that is likely to come again";

struct work_area {
	unsigned char packed[PACKED], unpacked[PLAIN];
	char comment[40];
};

static uint64_t add_status(uint64_t digest, int status, const z_stream *z)
{
	digest = libs_digest_number(digest, status);
	digest = libs_digest_text(digest, z->msg);
	return libs_digest_number(digest, (long long)z->adler);
}

static int window_bits(int number)
{
	static const int wrappers[] = { 15, -15, 15 + 16, 10, 12 + 16 };
	return wrappers[number % 5];
}
static bool is_gzip(int number) { return window_bits(number) > 16; }
static bool is_raw(int number) { return window_bits(number) < 0; }

static uint64_t pack(int number, struct work_area *w, size_t *size)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED };
	z_stream z = { 0 };
	gz_header header = { 0 };
	uint64_t digest = 0;
	int status = deflateInit2(&z, number % 10, Z_DEFLATED, window_bits(number), 1 + number % 9, strategies[number / 5 % 5]);
	digest = add_status(digest, status, &z);
	snprintf(w->comment, sizeof w->comment, "stream %d", number);
	header.comment = (Bytef *)w->comment;
	header.time = (uLong)number;
	if (is_gzip(number))
		digest = add_status(digest, deflateSetHeader(&z, &header), &z);
	else if (number % 4 == 0)
		digest = add_status(digest, deflateSetDictionary(&z, (const Bytef *)dictionary, sizeof dictionary), &z);
	z.next_out = w->packed;
	z.avail_out = PACKED;
	for (int part = 0; part < 4; part++) {
		z.next_in = plain[number] + part * (PLAIN / 4);
		z.avail_in = PLAIN / 4;
		status = deflate(&z, part == 3 ? Z_FINISH : part == number % 3 ? Z_FULL_FLUSH : Z_NO_FLUSH);
		if (part == 1) /* a change of the parameters in the middle */
			deflateParams(&z, (number + 3) % 10, Z_DEFAULT_STRATEGY);
		digest = add_status(digest, status, &z);
	}
	*size = z.total_out;
	digest = libs_digest(digest, w->packed, z.total_out);
	return libs_digest_number(digest, deflateEnd(&z));
}

static uint64_t unpack(int number, struct work_area *w, size_t size, size_t *unpacked)
{
	z_stream z = { 0 };
	uint64_t digest = add_status(0, inflateInit2(&z, window_bits(number)), &z);
	int status = Z_OK;
	if (is_raw(number) && number % 4 == 0)
		digest = add_status(digest, inflateSetDictionary(&z, (const Bytef *)dictionary, sizeof dictionary), &z);
	z.next_in = w->packed;
	z.next_out = w->unpacked;
	while (status == Z_OK && z.total_in < size && z.total_out < PLAIN) {
		z.avail_in = size - z.total_in < 500 ? (uInt)(size - z.total_in) : 500;
		z.avail_out = PLAIN - z.total_out < 700 ? (uInt)(PLAIN - z.total_out) : 700;
		status = inflate(&z, Z_NO_FLUSH);
		if (status == Z_NEED_DICT)
			status = inflateSetDictionary(&z, (const Bytef *)dictionary, sizeof dictionary);
	}
	z.avail_in = (uInt)(size - z.total_in);
	if (status == Z_OK)
		status = inflate(&z, Z_FINISH);
	digest = add_status(digest, status, &z);
	*unpacked = z.total_out;
	digest = libs_digest(digest, w->unpacked, z.total_out);
	return libs_digest_number(digest, inflateEnd(&z));
}

/* Every fourth stream is damaged on its way: cut off, or with a bit turned over. */
static bool is_damaged(int number) { return number % 4 == 3; }

static uint64_t pack_and_unpack(int number, bool *whole)
{
	struct work_area *w = malloc(sizeof *w);
	size_t size, unpacked;
	if (!w)
		return 0;
	uint64_t digest = pack(number, w, &size);
	if (is_damaged(number) && number % 8 == 3)
		size -= size / 3;
	else if (is_damaged(number))
		w->packed[size / 2] ^= 0x10;
	digest ^= 3 * unpack(number, w, size, &unpacked);
	digest = libs_digest_number(digest, (long long)crc32(crc32(0, NULL, 0), w->unpacked, (uInt)unpacked));
	digest = libs_digest_number(digest, (long long)adler32(adler32(0, NULL, 0), w->unpacked, (uInt)unpacked));
	*whole = unpacked == PLAIN && memcmp(w->unpacked, plain[number], PLAIN) == 0;
	free(w);
	return digest;
}

static uint64_t once(int number)
{
	bool whole;
	return pack_and_unpack(number, &whole);
}

int main(void)
{
	int whole = 0, damaged = 0;
	plan(2 + LIBS_TESTS);
	for (int i = 0; i < LIBS_TASKS; i++) {
		uint64_t state = (uint64_t)i;
		for (int at = 0; at < PLAIN; at++)
			plain[i][at] = random_next(&state) % 8 < 6 && at >= 100 ?
				plain[i][at - 1 - (int)random_next(&state) % 3 * 33] : (unsigned char)(random_next(&state) % 64 + 32);
	}
	for (int i = 0; i < LIBS_TASKS; i++) {
		bool same;
		pack_and_unpack(i, &same);
		whole += same && !is_damaged(i);
		damaged += is_damaged(i) && !same;
	}
	is_int(whole, LIBS_TASKS * 3 / 4, "what was compressed comes back");
	ok(damaged >= LIBS_TASKS / 5, "what was damaged does not (%d)", damaged);
	libs_run("zlib streams", once);
	return done();
}
