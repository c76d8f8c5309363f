/* SPDX-License-Identifier: Apache-2.0 */
/* crash_inside WAY KIND - crash in the way KIND names; WAY is inside, named, sliced, nested or outside. crash.t looks at
 * how it ends. */
#include <signal.h>
#include "helpers.h"

static volatile int zero, hundred = 100;
static volatile long depth_sink;

__attribute__((noinline)) void crash_null(void *arg)
{
	(void)arg;
	*(volatile int *)(uintptr_t)zero = 1;
}
void crash_abort(void *arg)
{
	(void)arg;
	abort();
}
__attribute__((noinline)) void crash_division(void *arg)
{
	(void)arg;
	depth_sink = hundred / zero;
}
__attribute__((noinline)) void crash_illegal(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}
__attribute__((noinline)) static long descend(long depth)
{
	volatile char frame[400];
	frame[depth % 400] = (char)depth;
	return zero ? 0 : descend(depth + 1) + frame[depth % 400];
}
__attribute__((noinline)) void crash_overflow(void *arg)
{
	(void)arg;
	depth_sink = descend(0);
}
void crash_kill(void *arg)
{
	(void)arg;
	raise(SIGTERM);
}
void crash_exit(void *arg)
{
	(void)arg;
	printf("buffered\n");
	exit(33);
}

static const struct {
	const char *kind;
	void (*function)(void *);
} kinds[] = {
	{ "null", crash_null }, { "abort", crash_abort }, { "division", crash_division }, { "illegal", crash_illegal },
	{ "overflow", crash_overflow }, { "kill", crash_kill }, { "exit", crash_exit },
};

static void (*chosen)(void *);
static void after_work(void *arg)
{
	work(1, 5000000); /* a few pauses first */
	chosen(arg);
}
static void nested(void *arg)
{
	(void)arg;
	run_sliced(after_work, NULL, 300);
}

static void nothing(void *arg) { (void)arg; }

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(argv[2], kinds[i].kind) == 0)
			chosen = kinds[i].function;
	if (!chosen)
		return 2;
	if (strcmp(argv[1], "inside") == 0) {
		launch(chosen, TO_COMPLETION, NULL);
	} else if (strcmp(argv[1], "named") == 0) {
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.name = "decoder of thumbnails";
		attr.stack_bytes = 256 << 10;
		inger_launch_attr(chosen, TO_COMPLETION, NULL, &attr);
	} else if (strcmp(argv[1], "sliced") == 0) {
		run_sliced(after_work, NULL, 200);
	} else if (strcmp(argv[1], "nested") == 0) {
		run_sliced(nested, NULL, 1000);
	} else if (strcmp(argv[1], "after") == 0) {
		launch(nothing, 100000, NULL);
		chosen(NULL);
	} else {
		chosen(NULL); /* without any launch */
	}
	return 0;
}
