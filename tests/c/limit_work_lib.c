/* SPDX-License-Identifier: Apache-2.0 */
/* limit_work_lib: liblimit_work.so, see limit_work.h. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>
#include "limit_work.h"

static uint64_t next(struct work *w)
{
	uint64_t z = (w->seed += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void steps(uint64_t n)
{
	while (n--)
		__asm__ volatile("");
}

/* Each call comes to the interesting place at another time. */
static void begin(struct work *w) { steps(next(w) % 50000); }

static void spin(struct work *w)
{
	for (;;)
		w->steps = w->steps + 1;
}

long work_spin(struct work *w)
{
	begin(w);
	spin(w);
	return 0;
}
const char *work_pause(struct work *w)
{
	spin(w);
	return "";
}
double work_double(struct work *w)
{
	for (double d = 1;; d = sqrt(d + (double)w->seed))
		w->steps = (long)d;
}

long work_heap(struct work *w)
{
	for (int i = 0; i < 64; i++) {
		void *block = w->block[i];
		w->block[i] = NULL;
		free(block);
	}
	for (;;) {
		uint64_t r = next(w);
		void **place = &w->block[r % 64], *block = *place;
		*place = NULL;
		if (r >> 8 & 1) {
			free(block);
			*place = malloc(r >> 16 & 1023);
		} else {
			*place = realloc(block, (r >> 16 & 2047) + 1);
		}
		if (*place)
			memset(*place, 0x5a, r >> 16 & 1023);
		w->steps++;
	}
}

long work_print(struct work *w)
{
	begin(w);
	for (;;)
		fprintf(w->stream, "line %ld is whole %.3f\n", w->steps++, 0.125);
}

long work_format(struct work *w)
{
	char text[200];
	begin(w);
	for (;; w->steps++)
		snprintf(text, sizeof text, "%ld %a %s %Lg", w->steps, (double)w->steps / 3, "text", (long double)w->steps);
}

static FILE *null;
__attribute__((constructor)) static void open_null(void) { null = fopen("/dev/null", "we"); }

/* Tens of microseconds in libc, and then nothing in between. */
long work_long_sections(struct work *w)
{
	for (w->steps = 0;; w->steps++)
		fprintf(null, "%100000d\n", 1);
}

long work_copy(struct work *w)
{
	begin(w);
	for (;; w->steps++)
		memcpy(w->to, w->from, COPY_BYTES - next(w) % 4096);
}

long work_fill(struct work *w)
{
	begin(w);
	for (;; w->steps++)
		memmove(w->to + 1, w->to, next(w) % (COPY_BYTES - 1));
}

/* In the middle of the section most of the time, sometimes outside. */
#define HOLD(take, give)                           \
	begin(w);                                  \
	for (;; w->steps++) {                      \
		take;                              \
		steps(next(w) % 20000);            \
		give;                              \
		steps(next(w) % 500);              \
	}

long work_mutex(struct work *w) { HOLD(pthread_mutex_lock(w->mutex), pthread_mutex_unlock(w->mutex)) }
long work_read_lock(struct work *w) { HOLD(pthread_rwlock_rdlock(w->rwlock), pthread_rwlock_unlock(w->rwlock)) }
long work_write_lock(struct work *w) { HOLD(pthread_rwlock_wrlock(w->rwlock), pthread_rwlock_unlock(w->rwlock)) }
long work_spin_lock(struct work *w) { HOLD(pthread_spin_lock(w->spin), pthread_spin_unlock(w->spin)) }
long work_stream_lock(struct work *w) { HOLD(flockfile(w->stream), funlockfile(w->stream)) }

/* The program holds a recursive mutex once; here it is taken some times more. */
long work_mutex_again(struct work *w)
{
	for (int n = (int)(next(w) % 5); n > 0; n--)
		pthread_mutex_lock(w->mutex);
	HOLD(pthread_mutex_lock(w->mutex), pthread_mutex_unlock(w->mutex))
}

/* Let go of what the program holds. */
long work_mutex_let_go(struct work *w)
{
	pthread_mutex_unlock(w->mutex);
	w->steps = 1;
	spin(w);
	return 0;
}

long work_sort(struct work *w)
{
	int numbers[200];
	begin(w);
	for (;; w->steps++) {
		for (int i = 0; i < 200; i++)
			numbers[i] = (int)next(w);
		qsort(numbers, 200, sizeof *numbers, w->compare);
	}
}

long work_back(struct work *w)
{
	begin(w);
	for (;; w->steps++)
		w->back(w);
}

long work_read(struct work *w)
{
	char byte;
	begin(w);
	return read(w->pipe, &byte, 1);
}

long work_poll(struct work *w)
{
	struct pollfd wait = {.fd = w->pipe, .events = POLLIN};
	begin(w);
	return poll(&wait, 1, -1);
}

long work_select(struct work *w)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(w->pipe, &set);
	begin(w);
	return select(w->pipe + 1, &set, NULL, NULL, NULL);
}

long work_sleep(struct work *w)
{
	struct timespec long_time = {1000, 0};
	begin(w);
	return nanosleep(&long_time, NULL);
}

long work_semaphore(struct work *w)
{
	begin(w);
	return sem_wait(w->semaphore);
}

long work_condition(struct work *w)
{
	begin(w);
	pthread_mutex_lock(w->mutex);
	for (;;)
		pthread_cond_wait(w->condition, w->mutex);
}

long work_timed_condition(struct work *w)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1000;
	begin(w);
	pthread_mutex_lock(w->mutex);
	for (;;)
		pthread_cond_timedwait(w->condition, w->mutex, &until);
}

/* Somebody else has it. */
long work_wait_mutex(struct work *w)
{
	begin(w);
	return pthread_mutex_lock(w->mutex);
}

/* The inner one is due first, the outer one, both at once. */
long work_outer(struct work *w)
{
	long value = work_inner(w);
	w->steps = value;
	return value * 2;
}
long work_outer_short(struct work *w) { return work_inner_long(w) * 2; }
long work_outer_same(struct work *w)
{
	for (;; w->steps++)
		work_inner_same(w);
}
long work_inner(struct work *w) { return work_spin(w); }
long work_inner_long(struct work *w) { return work_spin(w); }
long work_inner_same(struct work *w)
{
	begin(w);
	begin(w);
	return 0;
}

long work_errno(struct work *w)
{
	errno = (int)(w->seed % 100 + 1);
	__asm__ volatile("" ::: "memory"); /* nobody reads it, as far as the compiler sees */
	spin(w);
	return 0;
}

/* Blocks signals, as libraries do for a while. */
long work_signal_mask(struct work *w)
{
	sigset_t all, old;
	sigfillset(&all);
	begin(w);
	for (;; w->steps++) {
		pthread_sigmask(SIG_SETMASK, &all, &old);
		steps(next(w) % 20000);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
}

long work_quick(long value) { return value * 3 + 1; }
long work_some(long n)
{
	steps((uint64_t)n * 3);
	return n;
}
