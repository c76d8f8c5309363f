/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - counters and histograms of a sliced main(), printed as one line at exit.
 *
 * Written by the supervisor alone, between slices. Histograms are log-linear: 32 steps an octave, so a percentile is
 * exact to 3 %. */
#include "shim.h"
#include "limit.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "../gotcha/libset.h"

#define STEPS 32
#define OCTAVES 44
#define STDERR_COPY 400

struct histogram {
	uint32_t count[OCTAVES * STEPS];
	uint64_t total, max;
};

struct shim_stats shim_stats;
static struct histogram slices, overshoots;
static bool printed;
static int stderr_copy = 2;

static void add(struct histogram *h, uint64_t ns)
{
	unsigned place = (unsigned)ns;

	if (ns >= STEPS) {
		unsigned octave = 63u - (unsigned)__builtin_clzll(ns) - 5;
		place = (octave + 1) * STEPS + (unsigned)(ns >> octave) % STEPS;
	}
	if (place >= OCTAVES * STEPS)
		place = OCTAVES * STEPS - 1;
	h->count[place]++;
	h->total++;
	if (ns > h->max)
		h->max = ns;
}

static uint64_t percentile(const struct histogram *h, unsigned per_thousand)
{
	uint64_t seen = 0, wanted = (h->total * per_thousand + 999) / 1000;

	for (unsigned place = 0; place < OCTAVES * STEPS; place++) {
		seen += h->count[place];
		if (h->count[place] && seen >= wanted) {
			if (place < STEPS)
				return place;
			uint64_t low = (uint64_t)(STEPS + place % STEPS) << (place / STEPS - 1);
			return low < h->max ? low : h->max;
		}
	}
	return 0;
}

/* Programs close stderr on their way out (coreutils do, to see write errors): keep a copy of it, out of the way. */
void shim_stats_begin(void)
{
	long fd = shim_syscall3(SYS_fcntl, 2, F_DUPFD_CLOEXEC, STDERR_COPY);

	stderr_copy = fd >= 0 ? (int)fd : 2;
}

void shim_stats_slice(uint64_t slice_ticks, int64_t overshoot_ticks)
{
	shim_stats.pauses++;
	add(&slices, shim_ticks_to_ns(slice_ticks));
	add(&overshoots, overshoot_ticks > 0 ? shim_ticks_to_ns((uint64_t)overshoot_ticks) : 0);
}

/* ---- inger_stats() */

static uint64_t sum(size_t offset)
{
	uint64_t all = 0;

	for (const struct shim_thread *t = shim_threads; t; t = t->next)
		all += *(const volatile uint64_t *)((const char *)&t->counts + offset);
	return all;
}
#define SUM(field) sum(offsetof(struct shim_counts, field))

SHIM_EXPORT int inger_stats(struct inger_stats *stats)
{
	struct inger_stats now = {.size = sizeof now};

	if (!stats || stats->size < offsetof(struct inger_stats, completed) || stats->size > 4096) {
		gotcha_fail(EINVAL, "inger_stats", stats ? "its size is no size of struct inger_stats" : "stats is NULL");
		return -1;
	}
	/* Ends first: what is live is then never too little. */
	now.completed = SUM(completed);
	now.cancelled = SUM(cancelled);
	now.faulted = SUM(faulted);
	now.abandoned = SUM(abandoned);
	now.launched = SUM(launched);
	now.slices = SUM(slices);
	now.deferrals = SUM(deferrals);
	now.spurious = SUM(spurious);
	now.live = now.launched - now.completed - now.cancelled - now.faulted - now.abandoned;
	for (const struct shim_thread *t = shim_threads; t; t = t->next) {
		now.threads += *(const volatile bool *)&t->in_use;
		for (const struct shim_call *call = *(struct shim_call *const volatile *)&t->current; call; call = call->parent)
			now.running += !call->adopted;
	}
	now.paused = now.live > now.running ? now.live - now.running : 0;
	now.libsets_made = gotcha_made_count;
	now.libsets_retired = gotcha_retired_count;
	now.libsets_ready = gotcha_ready_count;
	shim_pool_sizes(&now.stacks, &now.stack_bytes);
	size_t size = stats->size;
	__builtin_memset(stats, 0, size);
	__builtin_memcpy(stats, &now, size < sizeof now ? size : sizeof now);
	stats->size = size;
	return 0;
}

static void three(char **at, char *end, const char *name, const struct histogram *h)
{
	shim_write_text(at, end, name);
	shim_write_text(at, end, " median=");
	shim_write_tenths(at, end, percentile(h, 500));
	shim_write_text(at, end, " p99=");
	shim_write_tenths(at, end, percentile(h, 990));
	shim_write_text(at, end, " max=");
	shim_write_tenths(at, end, h->max);
}

void shim_stats_print(void)
{
	char line[400], *at = line, *end = line + sizeof line - 1;

	shim_trace_exit();
	if (printed || !shim_config.stats || !shim_in_own_process())
		return;
	printed = true;
	shim_write_text(&at, end, "libinger: pauses=");
	shim_write_number(&at, end, shim_stats.pauses);
	shim_write_text(&at, end, " deferrals=");
	shim_write_number(&at, end, SUM(deferrals));
	three(&at, end, " slice_us", &slices);
	three(&at, end, " overshoot_us", &overshoots);
	shim_write_text(&at, end, " bias_us=");
	shim_write_tenths(&at, end, shim_bias_ns);
	*at++ = '\n';
	shim_syscall3(SYS_write, stderr_copy, line, at - line);
	shim_limits_print(stderr_copy);
}
