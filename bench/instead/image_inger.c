/* SPDX-License-Identifier: Apache-2.0 */
/* image_inger.c - the decode as a preemptible function, which is cancelled at its budget. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../harness.h"
#include "image.h"
#include "inputs.h"
#include "left.h"

extern const struct work work_png;

enum { SETTLE_US = 2000 };

static void decode(void *arg) { work_png.run(arg); }

static double clock_ns(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * NS_PER_S + (double)t.tv_nsec;
}

static double others_cpu_ns(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - clock_ns(CLOCK_THREAD_CPUTIME_ID); }

static struct inger_stats counts(void) {
	struct inger_stats stats = { .size = sizeof(stats) };
	if (inger_stats(&stats))
		die("read the library's counters", "inger_stats", errno);
	return stats;
}

/* The next launch is to find a libset, as it does in a server that has something else to do in between. */
static void until_a_libset_is_ready(void) {
	for (int i = 0; i < 10000 && !counts().libsets_ready; i++)
		usleep(200);
	if (!counts().libsets_ready)
		die("wait for a libset", "none is ready", 0);
}

static void one(struct job *job, enum inger_isolation isolation, uint32_t budget_us, double value[IMAGE_VALUES]) {
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	until_a_libset_is_ready();
	double resident = left_resident(), budget = budget_us * NS_PER_US;
	double others = others_cpu_ns(), start = now_ns();
	linger_t call = inger_launch_attr(decode, budget_us, job, &attr);
	double control = now_ns();
	if (!call.continuation)
		die("end a decode at its budget", call.is_complete ? "it ended by itself" : "launch", call.is_complete ? 0 : errno);
	value[IMAGE_RESIDENT] = left_resident() - resident;
	double again = now_ns();
	int failed = cancel(&call);
	double released = now_ns();
	if (failed)
		die("cancel a decode", "cancel", errno);
	value[IMAGE_CONTROL] = control - start - budget;
	value[IMAGE_RELEASED] = released - start - (again - control) - budget; /* without what it took to read the size */
	usleep(SETTLE_US);
	until_a_libset_is_ready();
	value[IMAGE_BACKGROUND] = others_cpu_ns() - others;
	start = now_ns();
	failed = inger_call(decode, job, budget_us, &attr);
	value[IMAGE_CALL] = now_ns() - start - budget;
	if (failed != ETIMEDOUT)
		die("end a decode at its budget", "inger_call", failed);
}

static void nothing(void *unused) { (void)unused; }

int main(int argc, char **argv) {
	static const enum inger_isolation isolations[] = { INGER_ISOLATED, INGER_SHARED };
	struct image_request request = image_request(argc, argv);
	struct job job = { .work = &work_png };
	job.input = png_bomb(request.size, &job.input_bytes);
	inger_call(nothing, NULL, 1000000, NULL); /* the first isolated launch makes the plan */
	for (uint32_t i = 0; i < request.count; i++)
		for (int k = 0; k < 2; k++) {
			double value[IMAGE_VALUES];
			one(&job, isolations[k], request.budget_us, value);
			for (int v = 0; v < IMAGE_VALUES; v++)
				printf("%.0f\n", value[v]);
		}
	return 0;
}
