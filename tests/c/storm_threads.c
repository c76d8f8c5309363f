/* SPDX-License-Identifier: Apache-2.0 */
/* storm_threads: 16 threads launch and resume budgets of 1 ms at the same time, with malloc on all sides. */
#include "helpers.h"

#define THREADS 16

struct worker {
	pthread_t thread;
	uint64_t state, end_ns;
	long launches, pauses, wrong, failed, handed_over;
};

struct job {
	uint64_t seed, steps, result;
	long blocks;
};

static void do_job(void *arg)
{
	struct job *j = arg;
	uint64_t state = j->seed;
	j->result = j->seed;
	while (j->blocks-- > 0) {
		size_t size = random_range(&state, 1, 4000);
		unsigned char *block = malloc(size);
		memset(block, (int)(j->seed & 0xff), size);
		j->result = work(j->result, j->steps);
		if (block[size - 1] != (j->seed & 0xff))
			j->result = 0;
		free(block);
	}
}

/* Paused calls that threads leave for each other. */
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct shared {
	linger_t call;
	struct job *job;
	uint64_t want;
} shelf;

static void judge(struct worker *w, const linger_t *call, struct job *job, uint64_t want)
{
	w->wrong += !call->is_complete || job->result != want;
	free(job);
}

static void *body(void *arg)
{
	struct worker *w = arg;
	while (now_ns() < w->end_ns) {
		struct job *job = malloc(sizeof *job);
		long blocks = (long)random_range(&w->state, 1, 40);
		*job = (struct job){ .seed = random_next(&w->state), .steps = random_range(&w->state, 100, 300000), .blocks = blocks };
		uint64_t want = work(job->seed, job->steps * (uint64_t)blocks);
		linger_t call = launch(do_job, 1000, job);
		w->launches++;
		if (!call.continuation && !call.is_complete) {
			w->failed++;
			free(job);
			continue;
		}
		for (int i = 0; !call.is_complete; i++) {
			w->pauses++;
			if (i == 1) { /* swap with what another thread left */
				pthread_mutex_lock(&mu);
				struct shared other = shelf;
				shelf = (struct shared){ call, job, want };
				pthread_mutex_unlock(&mu);
				w->handed_over++;
				job = other.job;
				if (!job)
					break;
				call = other.call;
				want = other.want;
			}
			free(malloc(random_range(&w->state, 1, 10000)));
			if (resume(&call, 1000) != 0) {
				w->failed++;
				break;
			}
		}
		if (job)
			judge(w, &call, job, want);
	}
	return NULL;
}

int main(void)
{
	static struct worker workers[THREADS];
	uint64_t seconds = soak() ? 60 : 10;
	plan(5);
	uint64_t state = random_seed(), end = now_ns() + seconds * 1000000000u;
	for (int i = 0; i < THREADS; i++) {
		workers[i].state = random_next(&state);
		workers[i].end_ns = end;
		if (pthread_create(&workers[i].thread, NULL, body, &workers[i]) != 0)
			bail("pthread_create");
	}
	struct worker all = { 0 };
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		all.launches += workers[i].launches;
		all.pauses += workers[i].pauses;
		all.wrong += workers[i].wrong;
		all.failed += workers[i].failed;
		all.handed_over += workers[i].handed_over;
	}
	if (shelf.job) {
		finish(&shelf.call, 1000);
		judge(&all, &shelf.call, shelf.job, shelf.want);
	}
	diag("%ld launches, %ld pauses, %ld handed over to another thread", all.launches, all.pauses, all.handed_over);
	ok(all.launches > THREADS, "every thread launches");
	ok(all.pauses > 0, "calls are paused");
	is_int(all.failed, 0, "no launch or resume fails");
	is_int(all.wrong, 0, "every result is right");
	ok(all.handed_over > 0, "calls were handed over");
	return done();
}
