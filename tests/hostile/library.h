/* SPDX-License-Identifier: Apache-2.0 */
/* library.h - one library, one piece of work: what the files in libraries/ have in common.
 *
 * Each begins with a line that says what it needs and does:
 *     (slash star) NAME (DEBIAN-PACKAGE: FLAGS): WHAT (star slash)
 * where FLAGS are words for the linker (-lz) or names for pkg-config (zlib). It defines LIBRARY(NAME, FUNCTION), and the function
 * does something real and returns a digest of everything that came out: the same each time for the same number, and
 * different ones for the numbers 0 to 7. It works from nothing to nothing: what it opens it closes. It has no
 * variables of its own that it changes, since the program is not copied.
 * Preemptible  all of it: it is paused and cancelled anywhere. */
#ifndef LIBRARY_H
#define LIBRARY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY_NUMBERS 8

struct library {
	const char *name;
	uint64_t (*work)(int number);
};

/* The linker collects what each file has in one section. */
#define LIBRARY(name, function) \
	static const struct library library_ = { #name, function }; \
	__attribute__((section("libraries"), used)) static const struct library *const library_entry_ = &library_;

#ifdef __cplusplus
extern "C" {
#endif
extern const struct library *const __start_libraries[], *const __stop_libraries[];
#ifdef __cplusplus
}
#endif

#define LIBRARY_UNUSED __attribute__((unused))

LIBRARY_UNUSED static inline uint64_t digest(uint64_t so_far, const void *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	so_far ^= size * 0x9e3779b97f4a7c15u;
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		so_far = (so_far ^ word) * 0x9ddfea08eb382d69u;
		so_far ^= so_far >> 32;
	}
	while (size-- > 0)
		so_far = (so_far ^ *at++) * 0x100000001b3u;
	return so_far ^ (so_far >> 29);
}

LIBRARY_UNUSED static inline uint64_t digest_text(uint64_t so_far, const char *text)
{
	return text ? digest(so_far, text, strlen(text)) : digest(so_far, "\377(null)", 7);
}

LIBRARY_UNUSED static inline uint64_t digest_number(uint64_t so_far, long long number)
{
	return digest(so_far, &number, sizeof number);
}

/* sample - bytes that repeat themselves somewhat, as real data does. */
LIBRARY_UNUSED static inline void sample(unsigned char *bytes, size_t size, int number)
{
	uint64_t random = (uint64_t)number * 77777 + 1;
	for (size_t i = 0; i < size; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = random >> 62 ? (unsigned char)(i / 7) : (unsigned char)(random >> 56);
	}
}

/* sample_text - words and lines; the text ends with a zero. */
LIBRARY_UNUSED static inline void sample_text(char *text, size_t size, int number)
{
	static const char *const words[] = { "alpha", "the", "of", "gamma-ray", "12", "libset", "naïve", "end." };
	uint64_t random = (uint64_t)number * 99991 + 3;
	size_t at = 0;
	while (at + 12 < size) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		const char *word = words[random >> 61];
		size_t length = strlen(word);
		memcpy(text + at, word, length);
		at += length;
		text[at++] = (random >> 50) % 9 ? ' ' : '\n';
	}
	text[at] = 0;
}

#endif
