/* SPDX-License-Identifier: Apache-2.0 */
/* libs.h - one library, a hundred calls of it in flight: what the libs_ programs have in common.
 * A program gives `once`: one piece of work of a library (an image, a query, a script) chosen by a number, which returns
 * a digest of everything that came out, error messages as well. Each result is first computed by itself; then a hundred
 * functions that do it again and again are paused dozens of times each, resumed in turn by one thread while the program
 * uses the library itself, and after that carried around by eight threads.
 * Preemptible  `once` and what it calls; nothing else here. Digests are compared inside, reported outside. */
#ifndef LIBS_H
#define LIBS_H

#include "helpers.h"

#define LIBS_TASKS 100
#define LIBS_THREADS 8
#define LIBS_TESTS 9       /* that libs_run() makes */
#define LIBS_BUDGET_US 200 /* a machine that takes long to pause gets on, too */
#define LIBS_PAUSES 24     /* at least, on average */
#define LIBS_SELDOM 12     /* at least, of each */
#define LIBS_DOUBLINGS 6   /* of the work, before too few pauses are a failure */

typedef uint64_t (*libs_once)(int number);

struct libs_task {
	linger_t call;
	int number, rounds; /* set by the program, read by the function */
	int right, wrong;   /* written by the function, read when it is complete */
	long pauses, moves; /* the rest belongs to whichever thread resumes */
	int last_thread;
	bool failed;
};

static struct {
	libs_once once;
	uint64_t want[LIBS_TASKS];
	int rounds[LIBS_TASKS];
	struct libs_task tasks[LIBS_TASKS];
	int in_flight, own_right, own_wrong;
} libs_;

/* The holder of mu is never preempted: only the resuming side takes it. */
static struct {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	struct libs_task *waiting[LIBS_TASKS]; /* a ring */
	int first, count, left;
	pthread_barrier_t start;
} libs_queue_ = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, { NULL }, 0, 0, 0, {} };

/* libs_digest - add bytes to a digest, eight at a time: the library shall be what is paused, not this. */
UNUSED static uint64_t libs_digest(uint64_t digest, const void *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	digest ^= size * 0x9e3779b97f4a7c15u;
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		digest = (digest ^ word) * 0x9ddfea08eb382d69u;
		digest ^= digest >> 32;
	}
	while (size-- > 0)
		digest = (digest ^ *at++) * 0x100000001b3u;
	return digest ^ (digest >> 29);
}

UNUSED static uint64_t libs_digest_text(uint64_t digest, const char *text)
{
	return text ? libs_digest(digest, text, strlen(text)) : libs_digest(digest, "\377(null)", 7);
}

UNUSED static uint64_t libs_digest_number(uint64_t digest, long long number)
{
	return libs_digest(digest, &number, sizeof number);
}

static void libs_function_(void *arg)
{
	struct libs_task *t = (struct libs_task *)arg;
	for (int i = 0; i < t->rounds; i++) {
		if (libs_.once(t->number) == libs_.want[t->number])
			t->right++;
		else
			t->wrong++;
	}
}

static void libs_prepare_(void)
{
	for (int i = 0; i < LIBS_TASKS; i++) {
		struct libs_task *t = &libs_.tasks[i];
		memset(t, 0, sizeof *t);
		t->number = i;
		t->rounds = libs_.rounds[i];
		t->last_thread = -1;
	}
}

static void libs_give_up_(const char *what, int number)
{
	int error = errno;
	diag("%s of function %d failed", what, number);
	errno = error;
	bail(what);
}

/* One thread resumes all of them in turn. In between the program uses the library itself. */
static void libs_in_turn_(void)
{
	int left = LIBS_TASKS;
	libs_prepare_();
	libs_.in_flight = libs_.own_right = libs_.own_wrong = 0;
	for (int i = 0; i < LIBS_TASKS; i++) {
		struct libs_task *t = &libs_.tasks[i];
		t->call = launch(libs_function_, LIBS_BUDGET_US, t);
		if (!t->call.is_complete && !t->call.continuation)
			libs_give_up_("launch", i);
		libs_.in_flight += !t->call.is_complete;
		left -= t->call.is_complete;
	}
	for (int turn = 0; left > 0; turn++) {
		for (int i = 0; i < LIBS_TASKS; i++) {
			struct libs_task *t = &libs_.tasks[i];
			if (t->call.is_complete)
				continue;
			t->pauses++;
			if (resume(&t->call, LIBS_BUDGET_US) != 0)
				libs_give_up_("resume", i);
			left -= t->call.is_complete;
		}
		if (libs_.once(turn % LIBS_TASKS) == libs_.want[turn % LIBS_TASKS])
			libs_.own_right++;
		else
			libs_.own_wrong++;
	}
}

/* Takes whichever function has waited longest: mostly one that another thread has paused. */
static void *libs_carry_(void *arg)
{
	int thread = *(int *)arg;
	pthread_barrier_wait(&libs_queue_.start);
	pthread_mutex_lock(&libs_queue_.mu);
	while (libs_queue_.left > 0) {
		if (libs_queue_.count == 0) {
			pthread_cond_wait(&libs_queue_.changed, &libs_queue_.mu);
			continue;
		}
		struct libs_task *t = libs_queue_.waiting[libs_queue_.first];
		libs_queue_.first = (libs_queue_.first + 1) % LIBS_TASKS;
		libs_queue_.count--;
		pthread_mutex_unlock(&libs_queue_.mu);

		t->moves += t->last_thread >= 0 && t->last_thread != thread;
		t->last_thread = thread;
		if (resume(&t->call, LIBS_BUDGET_US) != 0)
			t->failed = true;
		t->pauses += !t->call.is_complete;

		pthread_mutex_lock(&libs_queue_.mu);
		if (t->call.is_complete || t->failed)
			libs_queue_.left--;
		else
			libs_queue_.waiting[(libs_queue_.first + libs_queue_.count++) % LIBS_TASKS] = t;
		pthread_cond_broadcast(&libs_queue_.changed);
	}
	pthread_mutex_unlock(&libs_queue_.mu);
	return NULL;
}

static void libs_on_threads_(void)
{
	static int numbers[LIBS_THREADS];
	pthread_t threads[LIBS_THREADS];
	libs_prepare_();
	libs_queue_.first = 0;
	libs_queue_.count = libs_queue_.left = LIBS_TASKS;
	for (int i = 0; i < LIBS_TASKS; i++) {
		struct libs_task *t = &libs_.tasks[i];
		t->call = launch(libs_function_, 0, t);
		if (!t->call.continuation)
			libs_give_up_("launch", i);
		libs_queue_.waiting[i] = t;
	}
	pthread_barrier_init(&libs_queue_.start, NULL, LIBS_THREADS);
	for (int i = 0; i < LIBS_THREADS; i++) {
		numbers[i] = i;
		if ((errno = pthread_create(&threads[i], NULL, libs_carry_, &numbers[i])) != 0)
			bail("pthread_create");
	}
	for (int i = 0; i < LIBS_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&libs_queue_.start);
}

struct libs_totals_ {
	int complete, rounds, right, wrong, seldom; /* seldom: functions that were paused too few times */
	long pauses, moves;
};
static struct libs_totals_ libs_sum_(void)
{
	struct libs_totals_ sum = { 0, 0, 0, 0, 0, 0, 0 };
	for (int i = 0; i < LIBS_TASKS; i++) {
		struct libs_task *t = &libs_.tasks[i];
		sum.complete += t->call.is_complete;
		sum.rounds += t->rounds;
		sum.right += t->right;
		sum.wrong += t->wrong;
		sum.seldom += t->pauses < LIBS_SELDOM;
		sum.pauses += t->pauses;
		sum.moves += t->moves;
		if (t->wrong)
			diag("function %d: %d of %d results differ", i, t->wrong, t->rounds);
	}
	return sum;
}

static bool libs_is_enough_(const struct libs_totals_ *sum)
{
	return sum->seldom == 0 && sum->pauses >= LIBS_PAUSES * LIBS_TASKS;
}

/* When functions are paused too few times, these and those not far above get twice the work: how much that is depends on
 * the machine, whether the results are right does not. */
static struct libs_totals_ libs_enough_(void (*way)(void))
{
	struct libs_totals_ sum;
	for (int doublings = 0;; doublings++) {
		way();
		sum = libs_sum_();
		if (libs_is_enough_(&sum) || sum.wrong || doublings == LIBS_DOUBLINGS)
			return sum;
		for (int i = 0; i < LIBS_TASKS; i++)
			if (libs_.tasks[i].pauses < LIBS_PAUSES) /* the next way is not paused quite the same */
				libs_.rounds[i] *= 2;
	}
}

/* The first guess: more than is needed if each slice were as long as its budget, since some are longer; ten times that
 * in a soak. */
static int libs_rounds_(int number)
{
	uint64_t shortest = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		uint64_t start = now_ns();
		libs_.once(number);
		uint64_t took = now_ns() - start;
		shortest = took < shortest ? took : shortest;
	}
	return (int)(LIBS_PAUSES * (soak() ? 30 : 3) * LIBS_BUDGET_US * 1000u / (shortest + 1)) + 1;
}

/* libs_run - the whole of it, LIBS_TESTS tests; what  "PNG images", for their names. */
UNUSED static void libs_run(const char *what, libs_once once)
{
	int same = 0;
	libs_.once = once;
	for (int i = 0; i < LIBS_TASKS; i++)
		libs_.want[i] = once(i);
	for (int i = 0; i < LIBS_TASKS; i++) {
		same += once(i) == libs_.want[i];
		libs_.rounds[i] = libs_rounds_(i);
	}
	is_int(same, LIBS_TASKS, "%s, one after another: the same results twice", what);

	struct libs_totals_ sum = libs_enough_(libs_in_turn_);
	diag("%s: %d in all, %.1f pauses of each function in turn", what, sum.rounds, (double)sum.pauses / LIBS_TASKS);
	is_int(libs_.in_flight, LIBS_TASKS, "%s: all paused at the same time on one thread", what);
	ok(libs_is_enough_(&sum), "%s: paused dozens of times each, none less than %d times", what, LIBS_SELDOM);
	ok(sum.wrong == 0 && sum.right == sum.rounds, "%s in turn: all results are those of one after another", what);
	ok(libs_.own_wrong == 0 && libs_.own_right > 0, "%s: the program's own meanwhile are right (%d)", what,
		libs_.own_right);

	sum = libs_enough_(libs_on_threads_);
	diag("%s: %.1f pauses on %d threads, %.1f of them with a move", what, (double)sum.pauses / LIBS_TASKS, LIBS_THREADS,
		(double)sum.moves / LIBS_TASKS);
	is_int(sum.complete, LIBS_TASKS, "%s on %d threads: all complete", what, LIBS_THREADS);
	ok(libs_is_enough_(&sum), "%s: paused dozens of times each, none less than %d times", what, LIBS_SELDOM);
	ok(sum.moves > 0, "%s: they move between the threads (%ld times)", what, sum.moves);
	ok(sum.wrong == 0 && sum.right == sum.rounds, "%s on %d threads: all results are right", what, LIBS_THREADS);
}

#endif
