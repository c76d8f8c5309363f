/* SPDX-License-Identifier: Apache-2.0 */
/* case_trace.c - what recording costs: an empty function is three events (launched, a slice begins, it ends). The library
 * reads INGER_TRACE once, so that the two sides are two processes, which take turns. A mebibyte of the ring is touched before
 * the first launch; of the rest, each page of 128 events costs a page fault in the first lap. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"

enum { BATCH = 1000, EVENTS = 3, GOAL_NS = 50, LAPS_WARM = 100 };

static void nothing(void *argument) { (void)argument; }

static double launch_batch(void) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++) {
		linger_t call = launch(nothing, TO_COMPLETION, NULL);
		if (!call.is_complete)
			die("launch an empty function", "not complete", call.continuation ? 0 : errno);
	}
	return (now_ns() - start) / BATCH;
}

/* A process that measures a batch for each byte it reads. */
struct side {
	int ask, answer;
	pid_t pid;
};

static void measure(int asked, int answer) {
	char byte;
	for (int i = 0; i < LAPS_WARM; i++) /* more events than the ring has room for */
		launch_batch();
	while (read(asked, &byte, 1) == 1) {
		double ns = launch_batch();
		if (write(answer, &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

static struct side begin(const char *file) {
	int ask[2], answer[2];
	if (pipe(ask) || pipe(answer))
		die("measure a trace", "pipe", errno);
	struct side s = { ask[1], answer[0], fork() };
	if (s.pid < 0)
		die("measure a trace", "fork", errno);
	if (!s.pid) {
		close(ask[1]);
		close(answer[0]);
		setenv("INGER_TRACE_EVENTS", "65536", 1);
		if (file)
			setenv("INGER_TRACE", file, 1);
		else
			unsetenv("INGER_TRACE");
		measure(ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	return s;
}

static double sample(const struct side *s) {
	double ns;
	if (write(s->ask, "", 1) != 1 || read(s->answer, &ns, sizeof(ns)) != sizeof(ns))
		die("measure a trace", "the process has ended", errno);
	return ns;
}

static void end(struct side *s) {
	close(s->ask);
	close(s->answer);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void bench_trace(const struct plan *plan) {
	char folder[] = "/tmp/inger-bench-XXXXXX", file[64];
	if (!mkdtemp(folder))
		die("measure a trace", folder, errno);
	snprintf(file, sizeof(file), "%s/ring", folder);
	/* Nothing has been launched in this process, so that the library starts anew in each of the two. */
	struct side with = begin(file), without = begin(NULL);
	struct samples traced = { 0 }, plain = { 0 }, event = { 0 };
	sample(&with);
	sample(&without);
	bool recorded = access(file, F_OK) == 0;
	for (int turn = 0; turn < (plan->quick ? 100 : 1000); turn++) {
		double a = sample(&with), b = sample(&without);
		samples_add(&traced, a);
		samples_add(&plain, b);
		samples_add(&event, (a - b) / EVENTS);
	}
	end(&without); /* the younger first: it has the other's pipe as well */
	end(&with);
	unlink(file);
	rmdir(folder);
	if (!recorded)
		die("measure a trace", "nothing was recorded", 0);
	line_begin("trace_event", event.count, BATCH * EVENTS);
	line_samples(&event, NULL, NULL);
	line_time("traced", median(&traced));
	line_time("untraced", median(&plain));
	line_goal(median(&event) <= GOAL_NS, "<=%dns", GOAL_NS);
	samples_free(&traced);
	samples_free(&plain);
	samples_free(&event);
}
