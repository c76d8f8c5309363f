/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown_late: the library is opened by dlopen(): it points words of every object at its wrappers; inger_shutdown() puts
 * each back. */
#include "late.h"
#include "words.h"

static int (*late_shutdown)(void);

static void allocates(void *arg)
{
	char *volatile block = malloc(100);
	(void)arg;
	late_pause();
	free(block);
	late_pause();
}

int main(int argc, char **argv)
{
	int in_program;
	(void)argc;
	bind_now(argv);
	plan(10);
	late_load();
	late_shutdown = (int (*)(void))dlsym(dlopen(NULL, RTLD_NOW), "inger_shutdown");
	if (!late_shutdown) {
		Dl_info info;
		if (!dladdr((void *)late_pause, &info))
			bail("dladdr");
		late_shutdown = (int (*)(void))dlsym(dlopen(info.dli_fname, RTLD_NOW), "inger_shutdown");
	}
	note_words();
	ok(count > 100, "%d words are watched", count);
	for (int round = 1; round <= 2; round++) {
		linger_t call = late_launch(allocates, TO_COMPLETION, NULL);
		ok(call.continuation, "launched, round %d", round);
		int changed = different(&in_program);
		ok(changed > 0, "%d words have changed, %d of them in the program", changed, in_program);
		ok(late_resume(&call, TO_COMPLETION) == 0 && late_resume(&call, TO_COMPLETION) == 0 && call.is_complete, "completed");
		is_int(late_shutdown(), 0, "shutdown");
	}
	show_different();
	is_int(different(&in_program), 0, "every word is back");
	(void)late_cancel;
	return done();
}
