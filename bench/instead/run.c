/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - one work under one way, in a process of its own: instead WAY WORK SEED CALLS STORM LIMIT_MS
 * or, to make the inputs, instead make WORK SEED; or a process of the pool, instead worker WORK. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../harness.h"
#include "inputs.h"
#include "left.h"
#include "limits.h"
#include "report.h"

static struct report *report;
static const struct inputs *inputs;
static const struct work *work;
static const struct way *way;
static uint64_t state; /* of the random numbers */
static double limit_ns;

static void stage(enum report_stage next) {
	report->call = 0;
	report->stage = next;
}

/* good_call - returns nanoseconds; notes what went wrong. */
static double good_call(uint32_t item, bool directly) {
	struct job job = inputs_job(inputs, work, item);
	int failed = 0;
	double start = now_ns();
	if (directly)
		work->run(&job);
	else
		failed = way->call(&job, BUDGET_US);
	double elapsed = now_ns() - start;
	if (failed == ETIMEDOUT)
		report->late++;
	else if (failed || !job.output)
		report->refused++;
	else if (job_digest(&job) != inputs->item[item].output_digest) {
		report->wrong++;
		report->direct_wrong += directly;
	}
	free(job.output);
	report->call++;
	return elapsed;
}

/* bad_call - returns the nanoseconds beyond the budget. */
static double bad_call(uint32_t number, uint64_t budget_us) {
	struct job job = inputs_job(inputs, work, inputs->good + number % inputs->bad);
	double start = now_ns();
	int failed = way->call(&job, budget_us);
	double elapsed = now_ns() - start;
	if (failed == ETIMEDOUT)
		report->runaways++;
	else if (failed) {
		report->failed++;
		report->failed_error = (uint32_t)failed;
	} else if (job.output)
		report->ended++;
	else
		report->gave_up++;
	free(job.output);
	report->call++;
	return elapsed - (double)budget_us * NS_PER_US;
}

static void each_good(bool directly) {
	for (uint32_t i = 0; i < inputs->good; i++)
		good_call(i, directly);
}

static double cpu_ns(void) {
	double sum = 0;
	for (int i = 0; i < 2; i++) {
		struct rusage used;
		getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &used);
		sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * NS_PER_S +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * NS_PER_US;
	}
	return sum;
}

/* One call in MIX_BAD_OF is bad, at a place that the seed chooses. */
static void mix(uint32_t calls) {
	uint32_t bad_at = 0, bad = (uint32_t)(random_next(&state) % inputs->bad);
	stage(STAGE_MIX);
	double start = now_ns(), cpu = cpu_ns();
	for (uint32_t i = 0; i < calls && now_ns() - start < limit_ns; i++) {
		if (i % MIX_BAD_OF == 0)
			bad_at = (uint32_t)(random_next(&state) % MIX_BAD_OF);
		bool is_bad = i % MIX_BAD_OF == bad_at;
		uint32_t item = (uint32_t)(random_next(&state) % inputs->good);
		if (is_bad && way->unprotected)
			continue;
		double ns = is_bad ? bad_call(bad++, BUDGET_US) : good_call(item, false);
		if (is_bad && report->bad < REPORT_SAMPLES)
			report->lost_ns[report->bad++] = ns;
		else if (!is_bad && report->good < REPORT_SAMPLES) {
			report->good_item[report->good] = item;
			report->good_ns[report->good++] = ns;
		}
		report->mix_calls++;
	}
	report->mix_ns = now_ns() - start;
	report->mix_cpu_ns = cpu_ns() - cpu;
}

/* Threads of a library may give back in the background; a thread that was left alone may end. */
static double settled_resident(void) {
	double before, after = left_resident();
	do {
		before = after;
		usleep(SETTLE_US);
		after = left_resident();
	} while (after < before);
	return after;
}

static void storm(uint32_t runaways) {
	int32_t threads = left_threads();
	stage(STAGE_HEAP_SIZE);
	double heap = left_heap();
	stage(STAGE_SETTLE);
	double resident = settled_resident();
	stage(STAGE_STORM);
	double start = now_ns();
	for (uint32_t i = 0; i < runaways && now_ns() - start < limit_ns && left_threads() - threads < STORM_THREADS; i++) {
		bad_call(i, STORM_BUDGET_US / 4 + random_next(&state) % STORM_BUDGET_US);
		report->storm++;
	}
	stage(STAGE_SETTLE);
	report->storm_resident = settled_resident() - resident;
	stage(STAGE_HEAP_SIZE);
	report->storm_heap = left_heap() - heap;
	stage(STAGE_HEAP);
	report->heap_damaged = left_heap_damaged();
	stage(STAGE_AGAIN);
	each_good(false);
	stage(STAGE_DIRECT);
	each_good(true);
	stage(STAGE_LIBRARY);
	const char *broken = work->broken ? work->broken() : NULL;
	if (broken)
		strncpy(report->broken, broken, sizeof(report->broken) - 1);
}

/* A runaway that nobody stops is to meet a limit before the machine does. */
static void limit_memory(void) {
	struct rlimit limit = { DATA_LIMIT, DATA_LIMIT };
	if (setrlimit(RLIMIT_DATA, &limit))
		die("limit memory", "setrlimit", errno);
}

static void measure(uint32_t calls, uint32_t runaways) {
	each_good(true); /* once: files, pages and the heap are warm, and the peak has the work's own memory in it */
	stage(STAGE_WARM_UP);
	double resident = left_resident();
	int32_t threads = left_threads();
	left_peak_reset();
	if (way->begin)
		way->begin(work);
	each_good(false);
	int32_t threads_now = left_threads(), processes = left_processes(), descriptors = left_descriptors();
	report->threads = threads_now - threads;
	report->processes = processes;
	mix(calls);
	double peak = left_peak();
	report->peak = peak < 0 || resident < 0 ? -1 : peak - resident;
	if (runaways)
		storm(runaways);
	/* While the way has its own, which it still had at the start. */
	report->threads_left = left_threads() - threads_now;
	report->processes_left = processes < 0 ? -1 : left_processes() - processes;
	report->descriptors_left = left_descriptors() - descriptors;
	stage(STAGE_END);
	if (way->end)
		way->end();
	struct rusage children;
	getrusage(RUSAGE_CHILDREN, &children);
	report->child_peak = (double)children.ru_maxrss * 1024;
	stage(STAGE_DONE);
}

static const struct way *way_named(const char *name) {
	for (size_t i = 0; instead_ways[i]; i++)
		if (!strcmp(instead_ways[i]->name, name))
			return instead_ways[i];
	die("choose a way", name, 0);
}

int main(int argc, char **argv) {
	work = work_named(argc > 2 ? argv[2] : "");
	if (argc == 3 && !strcmp(argv[1], "worker")) {
		pool_serve(work);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "make")) {
		inputs_make(work, strtoull(argv[3], NULL, 10), INPUTS_FD);
		return 0;
	}
	if (argc != 7)
		die("start a measurement", "six arguments are needed; start build/bench/bench instead", 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever measures may be killed itself */
	fcntl(INPUTS_FD, F_SETFD, FD_CLOEXEC);
	fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, REPORT_FD, 0);
	if (report == MAP_FAILED)
		die("map the report", "mmap", errno);
	way = way_named(argv[1]);
	state = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	inputs = inputs_map(INPUTS_FD);
	limit_memory();
	limit_ns = strtod(argv[6], NULL) * NS_PER_MS;
	measure((uint32_t)strtoul(argv[4], NULL, 10), (uint32_t)strtoul(argv[5], NULL, 10));
	_exit(0); /* not exit(): threads that were left alone still use what it would tear down */
}
