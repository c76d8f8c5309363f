/* SPDX-License-Identifier: Apache-2.0 */
/* resume_other_thread: a call takes its errno, its __thread variables, its locale and its thread-specific data with it
 * when another thread resumes it. */
#include <locale.h>
#include <sys/syscall.h>
#include "helpers.h"

static __thread int private_value = 7;
static pthread_key_t key;

struct report {
	int rounds, migrated, errno_kept, variable_kept, address_kept, locale_kept, specific_kept, thread_id_right, sum;
	locale_t locale;
	volatile int stop;
};

/* The compiler may keep the address of a thread's variable in a register: that is right, since the TCB moves too. */
static __attribute__((noinline)) int *address_of_private(void)
{
	__asm__ volatile("");
	return &private_value;
}

static void travel(void *arg)
{
	struct report *r = arg;
	int *address = address_of_private();
	long last = syscall(SYS_gettid);
	r->locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	uselocale(r->locale);
	pthread_setspecific(key, r);
	while (!r->stop) {
		r->rounds++;
		private_value = r->rounds + 100;
		errno = r->rounds;
		inger_pause();
		r->errno_kept += errno == r->rounds;
		r->variable_kept += private_value == r->rounds + 100;
		r->address_kept += address_of_private() == address;
		r->locale_kept += uselocale((locale_t)0) == r->locale;
		r->specific_kept += pthread_getspecific(key) == r;
		long thread = syscall(SYS_gettid);
		r->migrated += thread != last;
		r->thread_id_right += thread == (long)gettid();
		last = thread;
		r->sum = (int)work((uint64_t)r->sum, 1000);
	}
	uselocale(LC_GLOBAL_LOCALE);
	freelocale(r->locale);
	pthread_setspecific(key, NULL);
}

static linger_t call;
static pthread_barrier_t turn;
static int own_kept;

/* Two threads resume the call in turns; each keeps values of its own beside. */
static void *carry(void *arg)
{
	int number = *(int *)arg;
	for (int i = 0; i < 500; i++) {
		private_value = 1000 + number;
		errno = 2000 + number;
		if (i % 2 == number && resume(&call, TO_COMPLETION) != 0)
			call.continuation = NULL;
		int error = errno;
		if (private_value == 1000 + number && error == 2000 + number)
			__atomic_add_fetch(&own_kept, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&turn);
	}
	return NULL;
}

static volatile int spin_stop;
static uint64_t computed;
static void compute(void *arg) { computed = work((uint64_t)(uintptr_t)arg, 30000000); }
static void *carry_sliced(void *arg)
{
	int number = *(int *)arg;
	for (int i = 0; i < 20000; i++) {
		if (i % 2 == number && resume(&call, 200) != 0)
			call.continuation = NULL;
		pthread_barrier_wait(&turn);
		int complete = call.is_complete;
		pthread_barrier_wait(&turn); /* both have looked before either goes on */
		if (complete)
			break;
	}
	return NULL;
}

static void both(void *(*body)(void *))
{
	static int numbers[2] = { 0, 1 };
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, body, &numbers[i]) != 0)
			bail("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	struct report r = { 0 };
	plan(13);
	pthread_key_create(&key, NULL);
	pthread_barrier_init(&turn, NULL, 2);
	call = launch(travel, TO_COMPLETION, &r);
	both(carry);
	is_int(r.rounds, 501, "500 resumes by two threads in turns");
	is_int(r.migrated, 500, "each was on the other kernel thread");
	is_int(r.errno_kept, 500, "errno travels with the call");
	is_int(r.variable_kept, 500, "a __thread variable travels with the call");
	is_int(r.address_kept, 500, "at one address");
	is_int(r.locale_kept, 500, "uselocale() travels with the call");
	is_int(r.specific_kept, 500, "thread-specific data travels with the call");
	is_int(r.thread_id_right, 500, "gettid() tells the thread it is on now");
	is_int(own_kept, 1000, "errno and __thread variables of the resuming threads stay their own");
	r.stop = 1;
	resume(&call, TO_COMPLETION);
	ok(call.is_complete, "it completes on a third thread");
	is_int(private_value, 7, "whose variable it has not touched");

	call = launch(compute, 200, (void *)99);
	ok(!call.is_complete, "a computation is paused by the clock");
	both(carry_sliced);
	ok(call.is_complete && computed == work(99, 30000000), "and completes with the right result, carried by both threads");
	return done();
}
