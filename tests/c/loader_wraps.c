/* SPDX-License-Identifier: Apache-2.0 */
/* loader_wraps.c - a preloaded library stands before functions of libc, and looks for them with dlsym() when it is called: also on
 * threads of the Go runtime's, which starts while the first isolated launch has the linker's lock. */
#include <dlfcn.h>
#include "helpers.h"

static void adds(void *sum)
{
	char *text = malloc(100);
	*(int *)sum += snprintf(text, 100, "%d", 12345);
	free(text);
}

int main(int argc, char **argv)
{
	char preload[8192], library[4096];
	const char *others = getenv("LD_PRELOAD");
	int sum = 0, *calls = dlsym(RTLD_DEFAULT, "loader_wraps_calls");
	volatile int stop = 0;

	(void)argc;
	if (!calls) {
		beside_program(library, sizeof library, "libloader_wraps.so");
		snprintf(preload, sizeof preload, "%s%s%s", library, others ? ":" : "", others ? others : "");
		setenv("LD_PRELOAD", preload, 1);
		execv("/proc/self/exe", argv);
		bail("execv");
	}
	plan(4);
	linger_t call = launch(adds, 1000000, &sum);
	ok(call.is_complete && sum == 5, "an isolated call");
	ok(inger_call(spin, (void *)&stop, 2000, NULL) == ETIMEDOUT, "one that is cancelled");
	void *z = dlopen("libm.so.6", RTLD_NOW);
	call = launch(adds, 1000000, &sum);
	ok(z && call.is_complete && sum == 10, "one after a library has come");
	ok(*calls > 0, "the library was called %d times", *calls);
	return done();
}
