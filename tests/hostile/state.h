/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what a process has: taken after the first calls were cancelled and again after hundreds more, it has to be the same.
 *
 * Everything is looked at from the resuming side, while no call is running. What the library takes back in a thread of its own
 * (libsets of cancelled calls) is waited for. */
#ifndef STATE_H
#define STATE_H

#include <malloc.h>
#include <signal.h>
#include "helpers.h"

#define STATE_TESTS 8 /* that state_same() makes */
#define STATE_SIGNALS 65

struct state {
	long descriptors, mappings, threads, keys, timers;
	long heap; /* bytes in use, whoever allocated them; exact without the allocator's caches only */
	struct sigaction actions[STATE_SIGNALS];
	sigset_t mask;
	struct inger_stats stats;
};

/* How much more is still the same. */
struct state_limits {
	long heap;       /* bytes */
	long stack_heap; /* and so many for each stack that there is more, from state_stack_heap() */
	long mappings;   /* one stays for each libset that waited to be unmapped, 32 at most; arenas and stacks are mappings, too */
	long threads;
};

/* Free thread-specific keys: all are made and deleted again. */
UNUSED static long state_keys(void)
{
	static pthread_key_t keys[4096];
	long made = 0, error;
	while (made < 4096 && (error = pthread_key_create(&keys[made], NULL)) == 0)
		made++;
	for (long i = 0; i < made; i++)
		pthread_key_delete(keys[i]);
	return made;
}

/* POSIX timers, by the kernel's list; 0 where it has none (CONFIG_CHECKPOINT_RESTORE). */
UNUSED static long state_timers(void)
{
	char line[256];
	long timers = 0;
	FILE *file = fopen("/proc/self/timers", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		timers += strncmp(line, "ID:", 3) == 0;
	fclose(file);
	return timers;
}

UNUSED static long state_heap(void)
{
	struct mallinfo2 info = mallinfo2();
	return (long)(info.uordblks + info.hblkhd);
}

/* What a pooled stack has on the heap for good: its TCB's vector of modules and the allocator's record of it. How many stacks there
 * are depends on which thread ends which call. The first half of these have the allocator make its arenas, of which there are 16 on
 * two processors. */
#define STATE_STACKS 64
UNUSED static void state_uses_heap(void *unused)
{
	(void)unused;
	void *volatile block = malloc(1);
	free(block);
	inger_pause();
}
UNUSED static long state_stack_heap(void)
{
	struct inger_stats first = { .size = sizeof first }, last = { .size = sizeof last };
	struct inger_attr attr = INGER_ATTR_INIT;
	linger_t calls[STATE_STACKS];
	long heap = 0;
	attr.isolation = INGER_SHARED;
	for (int i = 0; i < STATE_STACKS; i++) {
		if (i == STATE_STACKS / 2) {
			heap = state_heap();
			inger_stats(&first);
		}
		calls[i] = inger_launch_attr(state_uses_heap, TO_COMPLETION, NULL, &attr);
	}
	heap = state_heap() - heap;
	inger_stats(&last);
	for (int i = 0; i < STATE_STACKS; i++)
		cancel(&calls[i]);
	return last.stacks > first.stacks ? heap / (long)(last.stacks - first.stacks) : 0;
}

UNUSED static void state_handlers(struct state *s)
{
	memset(s->actions, 0, sizeof s->actions);
	for (int number = 1; number < STATE_SIGNALS; number++)
		if (sigaction(number, NULL, &s->actions[number]) != 0)
			memset(&s->actions[number], 0, sizeof s->actions[number]); /* 32 and 33 are libc's */
	pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
}

UNUSED static void state_count(struct state *s)
{
	s->descriptors = count_descriptors();
	s->mappings = count_mappings();
	s->threads = count_threads();
	s->keys = state_keys();
	s->timers = state_timers();
	s->heap = state_heap();
	s->stats.size = sizeof s->stats;
	inger_stats(&s->stats);
}

/* state_take - counts that the library's own thread still changes are waited for: until two looks a moment apart agree. */
UNUSED static void state_take(struct state *s)
{
	struct state last;
	state_count(s);
	for (int i = 0; i < 100; i++) {
		last = *s;
		usleep(50000);
		state_count(s);
		if (s->descriptors == last.descriptors && s->mappings == last.mappings && s->threads == last.threads &&
		    s->heap == last.heap && s->stats.libsets_retired == last.stats.libsets_retired)
			break;
	}
	state_handlers(s);
}

UNUSED static int state_handlers_differ(const struct state *before, const struct state *after)
{
	int differ = 0;
	for (int number = 1; number < STATE_SIGNALS; number++) {
		const struct sigaction *a = &before->actions[number], *b = &after->actions[number];
		if (a->sa_handler != b->sa_handler || a->sa_flags != b->sa_flags || memcmp(&a->sa_mask, &b->sa_mask, sizeof(long)) != 0) {
			diag("signal %d: handler %p, flags %x before; %p, %x after", number, (void *)a->sa_handler, (unsigned)a->sa_flags,
			     (void *)b->sa_handler, (unsigned)b->sa_flags);
			differ++;
		}
	}
	return differ;
}

/* state_same - STATE_TESTS tests. handlers  as they were before the first launch; what  for the tests' names. */
static long state_heap_limit(const struct state *before, const struct state *after, const struct state_limits *more)
{
	long stacks = (long)(after->stats.stacks - before->stats.stacks);
	return before->heap + more->heap + (stacks > 0 ? stacks * more->stack_heap : 0);
}
UNUSED static void state_same(const struct state *before, const struct state *handlers, struct state_limits more, const char *what)
{
	struct state after;
	state_take(&after);
	/* What depends on other threads' last steps gets the time for them. */
	for (int i = 0; i < 100 && (after.descriptors > before->descriptors || after.mappings > before->mappings + more.mappings ||
	                           after.threads > before->threads + more.threads || after.heap > state_heap_limit(before, &after, &more)); i++) {
		usleep(50000);
		state_count(&after);
	}
	ok(after.descriptors <= before->descriptors, "%s: descriptors %ld, then %ld", what, before->descriptors, after.descriptors);
	ok(after.mappings <= before->mappings + more.mappings, "%s: mappings %ld, then %ld", what, before->mappings, after.mappings);
	ok(after.threads <= before->threads + more.threads, "%s: threads %ld, then %ld", what, before->threads, after.threads);
	ok(after.keys >= before->keys, "%s: free thread-specific keys %ld, then %ld", what, before->keys, after.keys);
	ok(after.timers <= before->timers + 2, /* the clock of a thread that had not launched before */
	   "%s: POSIX timers %ld, then %ld", what, before->timers, after.timers);
	ok(after.heap <= state_heap_limit(before, &after, &more), "%s: heap bytes in use %ld, then %ld; %lu stacks, then %lu (%ld bytes each)",
	   what, before->heap, after.heap, (unsigned long)before->stats.stacks, (unsigned long)after.stats.stacks, more.stack_heap);
	ok(state_handlers_differ(handlers, &after) == 0 && memcmp(&handlers->mask, &after.mask, sizeof(long)) == 0,
	   "%s: signal handlers and mask as before the first launch", what);
	is_int(after.stats.live, 0, "%s: no call is left", what);
}

#endif
