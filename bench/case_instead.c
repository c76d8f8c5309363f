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

/* What a way has found in its sessions. */
struct found {
	struct samples good, lost;
	struct samples item[INPUTS_MAX]; /* the good ones by input */
	struct report sum; /* counts are added, sizes the largest */
	double calls_ns, calls_cpu_ns;
	double heap_a_runaway; /* bytes; of a storm of its own */
	bool measured, whole;
	char outcome[OUTCOME_ROOM]; /* when it was not whole */
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
	f->measured = true;
	if (result.end == SESSION_WHOLE)
		f->whole = true;
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
		line_samples(&f->good, "direct", &direct->good);
	}
	line_figure("whole", f->whole, "");
	line_figure("wrong", f->sum.wrong, "");
	line_figure("good_stopped", f->sum.late, "");
	line_figure("refused", f->sum.refused, "");
	line_figure("lines", outcome_lines(ways[way].name, ways[way].by_hand ? work : NULL), "");
	line_text("outcome=%s", *f->outcome ? f->outcome : outcome_left(&f->sum));
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
		line_samples(&f->lost, NULL, NULL);
		line_time("max", percentile(&f->lost, 1));
	}
	line_figure("stopped", f->sum.runaways, "");
	line_figure("ended", f->sum.ended, "");
	line_figure("gave_up", f->sum.gave_up, "");
	if (f->sum.failed) {
		line_figure("failed", f->sum.failed, "");
		line_text("error=%s", strerrorname_np((int)f->sum.failed_error));
	}
	if (f->calls_ns > 0 && f->sum.mix_calls) {
		double a_second = f->sum.mix_calls / (f->calls_ns / NS_PER_S);
		line_figure("mix", a_second, "/s");
		line_figure("of_ideal", 100 * a_second / ideal_a_second(direct), "%");
		line_time("cpu", f->calls_cpu_ns / f->sum.mix_calls);
	}
	line_end();
}

static void left_line(const char *work, size_t way, const struct found *f) {
	const struct report *r = &f->sum;
	name_line(work, way, "_left", r->storm);
	if (r->storm) {
		line_figure("heap_a_runaway", f->heap_a_runaway, "bytes");
		line_figure("resident", r->storm_resident / 1024, "KiB");
		line_figure("threads_left", r->threads_left, "");
		line_figure("processes_left", r->processes_left, "");
		line_figure("descriptors_left", r->descriptors_left, "");
	}
	line_figure("peak", r->peak / 1024, "KiB");
	line_figure("child_peak", r->child_peak / 1024, "KiB");
	line_figure("threads", r->threads, "");
	line_figure("processes", r->processes, "");
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

static void turn(const struct plan *plan, struct session *s, int inputs_fd, struct found *found) {
	static struct report report; /* too large for a stack */
	for (size_t w = 0; w < WAYS; w++) {
		if ((plan->quick && ways[w].hangs) || outcome_lines(ways[w].name, NULL) < 0)
			continue;
		s->program = ways[w].program;
		s->way = ways[w].name;
		s->storm = w == DIRECT ? 0 : plan->quick ? 12 : 150;
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
	struct session s = { .work = work, .seed = seed(), .calls = plan->quick ? 40 : 150 };
	s.limit_ms = plan->quick ? 300 : 1500;
	s.stall_ms = plan->quick ? 1000 : 2500;
	int inputs_fd = session_inputs("instead", work, s.seed, directory);
	turn(plan, &s, inputs_fd, found);
	close(inputs_fd);
	snprintf(file, sizeof(file), "%s/work.db", directory);
	unlink(file);
	rmdir(directory);
	char name[64];
	snprintf(name, sizeof(name), "instead_%s", work);
	line_begin(name, s.calls, 1);
	line_figure("seed", (double)seed(), "");
	line_time("budget", BUDGET_US * NS_PER_US);
	line_figure("bad_one_of", MIX_BAD_OF, "");
	line_time("storm_budget_from", STORM_BUDGET_US / 4 * NS_PER_US);
	line_time("storm_budget_to", STORM_BUDGET_US * 5 / 4 * NS_PER_US);
	line_figure("memory_limit", (double)(DATA_LIMIT >> 20), "MiB");
	line_end();
	if (!found[DIRECT].good.count)
		die("call without protection", work, 0);
	for (size_t w = 0; w < WAYS; w++)
		if (found[w].measured)
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
