/* SPDX-License-Identifier: Apache-2.0 */
/* case_instead.c - what a user would pick instead: libpng, sqlite3, pcre2, zlib and Lua, each called in all the ways in
 * instead/, with one input of twenty that does not come to an end. INGER_SEED chooses inputs and order.
 *
 * Each way runs in processes of its own, in turns, because some of them crash or hang: how it ended is a result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"
#include "instead/inputs.h"
#include "instead/limits.h"
#include "instead/outcome.h"
#include "instead/session.h"

enum { DEFAULT_SEED = 20, DIRECT = 0 };

static const struct {
	const char *name, *program;
	bool by_hand; /* yields are placed in the work: lines of code, too */
	bool hangs;   /* left out of a short look: it takes long until that is sure */
} ways[] = {
	[DIRECT] = { "direct", "instead", false, false },
	{ "inger_isolated", "instead_inger", false, false },
	{ "inger_shared", "instead_inger", false, false },
	{ "pthread_cancel", "instead", false, false },
	{ "pthread_cancel_deferred", "instead", false, true },
	{ "thread_leak", "instead", false, false },
	{ "fork", "instead", false, false },
	{ "setitimer_siglongjmp", "instead", false, false },
	{ "posix_spawn_pool", "instead", false, false },
	{ "ucontext", "instead", true, false },
	{ "pth", "instead", true, false },
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

/* What all turns of a way have found. */
struct found {
	struct samples good, lost;
	struct samples item[INPUTS_MAX]; /* the good ones by input */
	struct report sum; /* counts are added, sizes the largest; the storm is the last turn's */
	double calls_ns, calls_cpu_ns;
	double heap_a_runaway; /* bytes; of a storm of its own */
	uint32_t turns, whole;
	bool hung;
	char outcome[OUTCOME_ROOM]; /* of the first turn that was not whole */
};

static void add(struct found *f, const struct report *r, struct session_result result) {
	for (uint32_t i = 0; i < r->good; i++) {
		samples_add(&f->good, r->good_ns[i]);
		samples_add(&f->item[r->good_item[i]], r->good_ns[i]);
	}
	for (uint32_t i = 0; i < r->bad; i++)
		samples_add(&f->lost, r->lost_ns[i]);
	struct report *sum = &f->sum;
	sum->runaways += r->runaways;
	sum->wrong += r->wrong;
	sum->late += r->late;
	sum->refused += r->refused;
	sum->ended += r->ended;
	sum->gave_up += r->gave_up;
	sum->failed += r->failed;
	sum->failed_error = r->failed ? r->failed_error : sum->failed_error;
	sum->mix_calls += r->mix_ns > 0 ? r->mix_calls : 0; /* a mix that was cut off has no time */
	f->calls_ns += r->mix_ns;
	f->calls_cpu_ns += r->mix_cpu_ns;
	sum->peak = r->peak > sum->peak ? r->peak : sum->peak;
	sum->child_peak = r->child_peak > sum->child_peak ? r->child_peak : sum->child_peak;
	sum->heap_damaged += r->heap_damaged;
	sum->direct_wrong += r->direct_wrong;
	sum->threads = r->threads;
	sum->processes = r->processes;
	if (r->stage == STAGE_DONE && r->storm) {
		sum->storm = r->storm;
		sum->storm_resident = r->storm_resident;
		f->heap_a_runaway = r->storm_heap / r->storm;
		sum->threads_left = r->threads_left;
		sum->processes_left = r->processes_left;
		sum->descriptors_left = r->descriptors_left;
		memcpy(sum->broken, r->broken, sizeof(sum->broken));
	}
	f->turns++;
	f->hung = result.end == SESSION_HANGS;
	if (result.end == SESSION_WHOLE)
		f->whole++;
	else if (!*f->outcome)
		outcome_of(result, r, f->outcome);
}

/* name_line - "instead_png_fork" and what follows. */
static void name_line(const char *work, size_t way, const char *suffix, size_t count) {
	char name[96];
	snprintf(name, sizeof(name), "instead_%s_%s%s", work, ways[way].name, suffix);
	line_begin(name, count, 1);
}

static void good_line(const char *work, size_t way, struct found *f, struct found *direct) {
	name_line(work, way, "", f->good.count);
	if (f->good.count) {
		line_time("median", median(&f->good));
		line_time("p99", percentile(&f->good, 0.99));
		line_base("direct", median(&direct->good), median(&f->good));
		line_time("base_p99", percentile(&direct->good, 0.99));
	}
	line_text("wrong=%u good_stopped=%u refused=%u", f->sum.wrong, f->sum.late, f->sum.refused);
	line_text("lines=%d", outcome_lines(ways[way].name, ways[way].by_hand ? work : NULL));
	line_text("outcome=%s", *f->outcome ? f->outcome : outcome_left(&f->sum));
	line_text("whole=%u/%u", f->whole, f->turns);
	line_end();
}

/* What would be reached if a deadline cost nothing: bad calls take the budget, good ones what the median of direct calls with
 * the same input does. A mean of all calls would have the machine's interruptions in it. */
static double ideal_a_second(struct found *direct) {
	double sum = 0;
	for (size_t i = 0; i < INPUTS_MAX; i++)
		if (direct->item[i].count)
			sum += median(&direct->item[i]) * (double)direct->item[i].count;
	double good = sum / (double)direct->good.count;
	return NS_PER_S / ((good * (MIX_BAD_OF - 1) + BUDGET_US * NS_PER_US) / MIX_BAD_OF);
}

static void bad_line(const char *work, size_t way, struct found *f, struct found *direct) {
	name_line(work, way, "_lost", f->lost.count);
	if (f->lost.count) {
		line_time("median", median(&f->lost));
		line_time("p99", percentile(&f->lost, 0.99));
		line_time("max", percentile(&f->lost, 1));
	}
	line_text("stopped=%u ended=%u gave_up=%u", f->sum.runaways, f->sum.ended, f->sum.gave_up);
	if (f->sum.failed)
		line_text("failed=%u:%s", f->sum.failed, strerrorname_np((int)f->sum.failed_error));
	if (f->calls_ns > 0 && f->sum.mix_calls) {
		double a_second = f->sum.mix_calls / (f->calls_ns / NS_PER_S);
		line_text("mix=%.0f/s of_ideal=%.1f%%", a_second, 100 * a_second / ideal_a_second(direct));
		line_time("cpu", f->calls_cpu_ns / f->sum.mix_calls);
	}
	line_end();
}

static void left_line(const char *work, size_t way, const struct found *f) {
	const struct report *r = &f->sum;
	name_line(work, way, "_left", r->storm);
	if (r->storm) {
		line_text("heap=%.0fB/runaway", f->heap_a_runaway);
		line_text("resident=%.0fKiB", r->storm_resident / 1024);
		line_text("threads_left=%d processes_left=%d descriptors_left=%d", r->threads_left, r->processes_left,
		          r->descriptors_left);
	}
	line_text("peak=%.0fKiB child_peak=%.0fKiB", r->peak / 1024, r->child_peak / 1024);
	line_text("threads=%d processes=%d", r->threads, r->processes);
	line_end();
}

static void report_way(const char *work, size_t way, struct found *f, struct found *direct) {
	good_line(work, way, f, direct);
	if (way == DIRECT)
		return;
	bad_line(work, way, f, direct);
	left_line(work, way, f);
}

static uint64_t seed(void) {
	const char *given = getenv("INGER_SEED");
	return given && *given ? strtoull(given, NULL, 0) : DEFAULT_SEED;
}

static void turn(const struct plan *plan, struct session *s, int inputs_fd, bool last, struct found *found) {
	static struct report report; /* too large for a stack */
	for (size_t w = 0; w < WAYS; w++) {
		if (found[w].hung || (plan->quick && ways[w].hangs) || outcome_lines(ways[w].name, NULL) < 0)
			continue;
		s->program = ways[w].program;
		s->way = ways[w].name;
		s->storm = !last || w == DIRECT ? 0 : plan->quick ? 12 : 250;
		add(&found[w], &report, session_run(s, inputs_fd, &report));
		if (!found[w].sum.storm)
			continue;
		struct session storm = *s;
		storm.exact_heap = true;
		storm.calls = 0;
		if (session_run(&storm, inputs_fd, &report).end == SESSION_WHOLE && report.storm)
			found[w].heap_a_runaway = report.storm_heap / report.storm;
	}
}

static void instead(const struct plan *plan, const char *work) {
	char directory[] = "/tmp/inger-bench-XXXXXX", file[sizeof(directory) + 16];
	struct found found[WAYS];
	memset(found, 0, sizeof(found));
	if (!mkdtemp(directory))
		die("make a folder", directory, errno);
	struct session s = { .work = work, .seed = seed(), .calls = plan->quick ? 40 : 250 };
	s.limit_ms = plan->quick ? 300 : 1500;
	s.stall_ms = plan->quick ? 1000 : 2500;
	int inputs_fd = session_inputs("instead", work, s.seed, directory);
	unsigned turns = plan->quick ? 1 : 3;
	for (unsigned t = 0; t < turns; t++, s.seed++)
		turn(plan, &s, inputs_fd, t + 1 == turns, found);
	close(inputs_fd);
	snprintf(file, sizeof(file), "%s/work.db", directory);
	unlink(file);
	rmdir(directory);
	char name[64];
	snprintf(name, sizeof(name), "instead_%s", work);
	line_begin(name, turns * s.calls, 1);
	line_text("seed=%lu turns=%u budget=%dus bad=1/%d storm_budget=%d..%dus memory_limit=%luMiB", (unsigned long)seed(), turns,
	          BUDGET_US, MIX_BAD_OF, STORM_BUDGET_US / 4, STORM_BUDGET_US * 5 / 4, (unsigned long)(DATA_LIMIT >> 20));
	line_end();
	if (!found[DIRECT].good.count)
		die("call without protection", work, 0);
	for (size_t w = 0; w < WAYS; w++)
		if (found[w].turns)
			report_way(work, w, &found[w], &found[DIRECT]);
	for (size_t w = 0; w < WAYS; w++) {
		samples_free(&found[w].good);
		samples_free(&found[w].lost);
		for (size_t i = 0; i < INPUTS_MAX; i++)
			samples_free(&found[w].item[i]);
	}
	if (outcome_lines("pth", NULL) < 0)
		fprintf(stderr, "bench: instead_%s_pth: not measured: libpth-dev was not there when this was built\n", work);
}

void bench_instead_png(const struct plan *plan) { instead(plan, "png"); }
void bench_instead_sqlite(const struct plan *plan) { instead(plan, "sqlite"); }
void bench_instead_pcre2(const struct plan *plan) { instead(plan, "pcre2"); }
void bench_instead_zlib(const struct plan *plan) { instead(plan, "zlib"); }
void bench_instead_lua(const struct plan *plan) { instead(plan, "lua"); }
