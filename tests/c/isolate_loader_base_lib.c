/* SPDX-License-Identifier: Apache-2.0 */
/* libloader_base.so: what the variants of the library refer to in another library. */
#include "isolate_loader_lib.h"

int base_variable[4] = { 10, 11, 12, 13 };
static int counter;

int *base_place(void) { return &base_variable[1]; }
int base_count(void) { return ++counter; }

static int base_double(int value) { return 2 * value + counter * 0; }
static int (*choose(void))(int) { return base_double; }
int base_indirect(int value) __attribute__((ifunc("choose")));

int base_old(void) { return 1; }
int base_new(void) { return 2; }
__asm__(".symver base_old, base_versioned@BASE_1");
__asm__(".symver base_new, base_versioned@@BASE_2");
