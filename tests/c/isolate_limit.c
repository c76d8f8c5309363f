/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_limit: when memory for another libset is refused, launch gives EAGAIN, says so once, and loses nothing. */
#include <sys/resource.h>
#include "helpers.h"

#define MOST 20000

static linger_t calls[MOST];

static void yields(void *arg)
{
	*(int *)arg += 1;
	inger_pause();
	*(int *)arg += 1;
}

static long lines_of(const char *path, const char *with)
{
	char line[512];
	long n = 0;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		n += strstr(line, with) != NULL;
	if (f)
		fclose(f);
	return n;
}

int main(void)
{
	static int steps[MOST];
	char path[] = "/tmp/isolate_limit.XXXXXX";
	int fd = mkstemp(path), before = dup(2), made = 0;
	plan(9);
	setenv("INGER_LIBSETS", "0", 1); /* none is ready that was made before memory was refused */
	if (fd < 0 || before < 0)
		bail("mkstemp");
	/* The first one may take what it needs; then address space for some forty more. */
	linger_t first = launch(yields, TO_COMPLETION, &steps[0]);
	cancel(&first);
	steps[0] = 0;
	struct rlimit old, limit;
	getrlimit(RLIMIT_AS, &old);
	long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	if (!statm || fscanf(statm, "%ld", &pages) != 1)
		bail("statm");
	fclose(statm);
	limit = old;
	limit.rlim_cur = (rlim_t)pages * 4096 + ((rlim_t)512 << 20);
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		bail("setrlimit");
	dup2(fd, 2);
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.stack_bytes = 64 << 10;
	for (; made < MOST; made++) {
		errno = 0;
		calls[made] = inger_launch_attr(yields, TO_COMPLETION, &steps[made], &attr);
		if (!calls[made].continuation)
			break;
	}
	int error = errno;
	bool said = strstr(inger_strerror(EAGAIN), "libc.so.6") || strstr(inger_strerror(EAGAIN), "libset");
	linger_t again = inger_launch_attr(yields, TO_COMPLETION, &steps[0], &attr);
	dup2(before, 2);
	setrlimit(RLIMIT_AS, &old);
	ok(made > 10 && made < MOST, "%d isolated functions are paused when memory is refused", made);
	is_int(error, EAGAIN, "launch gives EAGAIN");
	ok(!again.continuation && !again.is_complete, "and again");
	ok(said, "inger_strerror() says what was asked for: %s", inger_strerror(EAGAIN));
	is_int(lines_of(path, "libinger: no libset for another isolated function"), 1, "one line on stderr, the first time");
	int right = 0;
	for (int i = 0; i < made; i++)
		right += resume(&calls[i], TO_COMPLETION) == 0 && calls[i].is_complete && steps[i] == 2;
	is_int(right, made, "those that were launched complete");
	int one = 0;
	again = launch(yields, TO_COMPLETION, &one);
	ok(again.continuation, "launch works again when there is memory");
	ok(resume(&again, TO_COMPLETION) == 0 && one == 2, "to the end");
	attr.isolation = INGER_SHARED;
	again = inger_launch_attr(yields, TO_COMPLETION, &one, &attr);
	ok(again.continuation && cancel(&again) == 0, "a shared call needs no libset");
	unlink(path);
	return done();
}
