/* SPDX-License-Identifier: Apache-2.0 */
/* number_hook.c - a library behind ours has an mmap() that ends in syscall(SYS_mmap). What passes both comes to the kernel, and
 * back with one mapping, outside of calls and inside, before the first launch and after it. */
#include "helpers.h"
#include "inger.h"
#include "tap.h"
#include <sys/mman.h>
#include <sys/syscall.h>

extern int number_hook_seen;

static int once(void)
{
	int before = number_hook_seen;
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 0;
	p[4096] = 1;
	char *q = (char *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q == MAP_FAILED)
		return 0;
	q[0] = 1;
	return munmap(p, 8192) == 0 && syscall(SYS_munmap, q, 4096) == 0 && number_hook_seen >= before + 2;
}

static void inside(void *arg)
{
	*(int *)arg = once();
}

static char *volatile left;

/* Whose mapping it is is known, although it came to the kernel by number. */
static void leave(void *arg)
{
	(void)arg;
	left = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (;;)
		inger_pause();
}

int main(void)
{
	struct inger_attr attributes = INGER_ATTR_INIT;
	int good = 0;

	plan(5);
	attributes.isolation = INGER_SHARED;
	ok(once(), "before the first launch");
	ok(inger_call(inside, &good, TO_COMPLETION, &attributes) == 0 && good, "in a shared call");
	ok(once(), "after a launch");
	linger_t call = inger_launch_attr(leave, TO_COMPLETION, NULL, &attributes);
	unsigned char resident;
	ok(left && left != MAP_FAILED && mincore(left, 4096, &resident) == 0, "a paused call has its mapping");
	cancel(&call);
	ok(mincore(left, 4096, &resident) == -1 && errno == ENOMEM, "it goes with the call");
	return done();
}
