/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_back: a part of the program that is unloaded and comes back between two launches: its calls follow the libset as
 * before, although the dynamic linker has bound them anew, and at the same place. */
#include <dlfcn.h>
#include "helpers.h"
#include "isolate_lib.h"

#define ROUNDS 4

static int (*next)(void);
static int numbers[2];

static void count(void *arg)
{
	(void)arg;
	numbers[0] = next();
	numbers[1] = next();
}

int main(void)
{
	char path[4096];
	beside_program(path, sizeof path, "libisolate_back.so");
	plan(ROUNDS + 1);
	lib_start(100);
	for (int i = 0; i < ROUNDS; i++) {
		void *library = dlopen(path, RTLD_NOW);
		next = library ? (int (*)(void))dlsym(library, "back_next") : NULL;
		if (!next)
			bail(dlerror());
		linger_t call = launch(count, TO_COMPLETION, NULL);
		ok(call.is_complete && numbers[0] < 100 && numbers[1] == numbers[0] + 1, "round %d: a counter of the libset's own, %d", i, numbers[0]);
		dlclose(library);
	}
	ok(lib_next() <= 101, "the program's own is not touched");
	return done();
}
