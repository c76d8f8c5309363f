/* SPDX-License-Identifier: Apache-2.0 */
/* install.c - gotcha/table.c by itself, on a GOT of a hundred words: writing trampolines, and installing words as they are
 * and with their pages read-only. Prints nanoseconds of each. What table.c needs besides stands in here. */
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../gotcha/libset.h"
#include "harness.h"

enum { WORDS = 100, TURNS = 50, TIMES = 20 };

__thread struct shim_tls shim_tls;
struct gotcha_set *_Atomic gotcha_sets;
struct gotcha_plan gotcha_program;
__attribute__((section("shim_set_slots"), used)) static void *slot;

uint64_t gotcha_copy_of_libc(const struct gotcha_set *set, uint64_t original) { return set ? original : 0; }

/* Words that are written again, which nothing does here. */
void shim_loader_iterate(int (*look)(struct dl_phdr_info *, size_t, void *), void *argument) { dl_iterate_phdr(look, argument); }

void gotcha_fail(int error, const char *object, const char *format, ...) {
	(void)format;
	die("rewrite a GOT", object, error);
}

static double install(const struct gotcha_word *words, uint64_t relro, uint64_t relro_bytes) {
	struct samples s = { 0 };
	for (int turn = 0; turn < TURNS; turn++) {
		double start = now_ns();
		for (int i = 0; i < TIMES; i++)
			if (gotcha_install(words, WORDS, i & 1, relro, relro_bytes) != WORDS)
				die("rewrite a GOT", "a word was not written", 0);
		samples_add(&s, (now_ns() - start) / TIMES);
	}
	double ns = median(&s);
	samples_free(&s);
	return ns;
}

static double trampolines(void) {
	struct samples s = { 0 };
	for (int turn = 0; turn < TURNS; turn++) {
		double start = now_ns();
		uint64_t at = gotcha_trampolines(0, WORDS);
		samples_add(&s, now_ns() - start);
		munmap((void *)at, GOTCHA_PAGE);
	}
	return median(&s);
}

int main(void) {
	if (!gotcha_table_init())
		die("rewrite a GOT", "no table", 0);
	/* As the linker lays an object out: the GOT's page is read-only, the next one is not. */
	uint64_t *got = mmap(NULL, 2 * GOTCHA_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (got == MAP_FAILED)
		die("rewrite a GOT", "mmap", errno);
	struct gotcha_word words[WORDS];
	for (int i = 0; i < WORDS; i++) {
		words[i] = (struct gotcha_word){ &got[i], (uint64_t)i, (uint64_t)i + WORDS };
		got[i] = (uint64_t)i;
	}
	got[GOTCHA_PAGE / sizeof(*got)] = 1;
	double plain = install(words, 0, 0);
	double relro = install(words, (uint64_t)got, GOTCHA_PAGE);
	printf("%.1f %.1f %.1f\n", trampolines(), plain, relro);
	return 0;
}
