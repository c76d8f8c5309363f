/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c - the loops. One function each, aligned: where a loop falls in a cache line must not differ between two programs
 * that are compared to half a nanosecond. */
#include "reach.h"

#include <sys/time.h>
#include <unistd.h>

#include "benchlib.h"
#include "harness.h"

#define LOOP __attribute__((noinline, aligned(64))) static void

LOOP call(uint64_t rounds) {
	for (uint64_t i = 0; i < rounds; i++)
		benchlib_nothing();
}

LOOP table(uint64_t rounds) {
	for (uint64_t i = 0; i < rounds; i++)
		benchlib_table[i % BENCHLIB_TABLE]();
}

/* Written and read, but not from the value read: a chain through memory runs in one of several rhythms by chance. */
LOOP copied(uint64_t rounds) {
	unsigned long sum = 0;
	for (uint64_t i = 0; i < rounds; i++) {
		benchlib_copied = i;
		sum += benchlib_copied;
	}
	benchlib_copied = sum;
}

LOOP time_of_day(uint64_t rounds) {
	struct timeval t;
	for (uint64_t i = 0; i < rounds; i++)
		gettimeofday(&t, NULL);
}

LOOP process_id(uint64_t rounds) {
	for (uint64_t i = 0; i < rounds; i++) {
		getpid();
		BARRIER();
	}
}

static const struct {
	void (*loop)(uint64_t rounds);
	uint64_t rounds;
} ways[REACH_WAYS] = {
	[REACH_CALL] = { call, 20000 },     [REACH_TABLE] = { table, 20000 },
	[REACH_COPIED] = { copied, 20000 }, [REACH_GOT] = { reach_got, 20000 },
	[REACH_GETTIMEOFDAY] = { time_of_day, 2000 }, [REACH_GETPID] = { process_id, 1000 },
};

struct reach_job reach_job_of(enum reach_way way) { return (struct reach_job){ way, ways[way].rounds }; }

void reach_loop(void *argument) {
	const struct reach_job *job = argument;
	ways[job->way].loop(job->rounds);
}
