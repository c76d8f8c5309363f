/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_stats: each counter of inger_stats() counts what it says, also when read on another thread, in a signal handler, and
 * in the child of fork(). */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "cancel.h"

#define LIBSETS 40

static int forever; /* 0 */

static struct inger_stats stats(void)
{
	struct inger_stats now = { .size = sizeof now };
	if (inger_stats(&now) != 0)
		bail("inger_stats");
	return now;
}

/* changed - one field is that much more than it was. */
#define changed(field, by, ...) is_int(stats().field - before.field, by, __VA_ARGS__)

static void pauses(void *arg)
{
	(void)arg;
	inger_pause();
}

static jmp_buf out;
static void leaves(void *arg)
{
	(void)arg;
	longjmp(out, 1);
}

static struct inger_stats inside;
static void reads(void *arg)
{
	(void)arg;
	inside = stats();
}
static void reads_deeper(void *arg)
{
	linger_t call = launch(reads, TO_COMPLETION, arg);
	if (!call.is_complete)
		inside.running = 0;
}

static void test_calls(void)
{
	int number = 0;
	linger_t paused[5];
	struct inger_stats before = stats();
	is_int(before.live + before.running + before.paused, 0, "nothing is live at first");
	for (int i = 0; i < 100; i++)
		launch(count_up, TO_COMPLETION, &number);
	changed(launched, 100, "launched: 100 calls");
	changed(completed, 100, "completed: 100 calls");
	changed(slices, 100, "slices: one for each");

	for (int i = 0; i < 5; i++)
		paused[i] = start(pauses, NULL, i % 2 ? INGER_ISOLATED : INGER_SHARED);
	changed(paused, 5, "paused: 5 calls");
	changed(live, 5, "live: 5 calls");
	resume(&paused[0], TO_COMPLETION);
	changed(completed, 101, "completed: one more");
	changed(slices, 106, "slices: one more than launched");
	for (int i = 1; i < 4; i++)
		end(&paused[i]);
	changed(cancelled, 3, "cancelled: 3 calls");
	is_int(inger_call(spin, &forever, 1000, NULL), ETIMEDOUT, "inger_call: ETIMEDOUT");
	changed(cancelled, 4, "cancelled: one more");
	is_int(cancel(&paused[1]), -1, "a cancel that is refused");
	changed(cancelled, 4, "is not counted");
	changed(paused, 1, "paused: one is left");
	end(&paused[4]);
	changed(live, 0, "live: none");

	before = stats();
	if (setjmp(out) == 0)
		launch(leaves, TO_COMPLETION, NULL);
	linger_t next = launch(count_up, TO_COMPLETION, &number); /* which is when it is noticed at the latest */
	ok(next.is_complete, "a call is left by longjmp()");
	changed(abandoned, 1, "abandoned: one");
	changed(live, 0, "live: none");

	before = stats();
	launch(reads, TO_COMPLETION, NULL);
	ok(inside.running == 1 && inside.live == 1 && inside.paused == 0, "running: one, as a call sees it itself");
	launch(reads_deeper, TO_COMPLETION, NULL);
	ok(inside.running == 2 && inside.live == 2, "two, as an inner call sees it");
	is_int(stats().running, 0, "none afterwards");

	before = stats();
	linger_t prepared = launch(count_up, 0, &number);
	ok(stats().paused == 1 && stats().launched - before.launched == 1, "a prepared call is paused");
	changed(slices, 0, "slices: none of it");
	end(&prepared);
}

/* A deferred section, and another. */
static void allocate(size_t size)
{
	void *volatile block = malloc(size);
	free(block);
}
static void allocates(void *arg)
{
	(void)arg;
	for (;;)
		allocate(100000);
}

static void test_pauses(void)
{
	struct inger_stats before = stats();
	for (int i = 0; i < 20000 && stats().deferrals == before.deferrals; i++)
		inger_call(allocates, NULL, 30, NULL);
	ok(stats().deferrals > before.deferrals, "deferrals: pauses that were put off (%llu)",
	   (unsigned long long)(stats().deferrals - before.deferrals));
	before = stats();
	int number = 0;
	/* Calls that end just before their signal comes. */
	for (int i = 0; i < 200000 && stats().spurious == before.spurious; i++)
		launch(count_up, 20 + (uint64_t)i % 100, &number);
	for (int i = 0; i < 1000 && stats().spurious == before.spurious; i++)
		usleep(1000);
	ok(stats().spurious > before.spurious, "spurious: signals that found nothing to pause");
}

static void test_libsets(void)
{
	int number = 0;
	struct inger_attr attr = INGER_ATTR_INIT;
	struct inger_stats before = stats();
	linger_t calls[LIBSETS];
	attr.isolation = INGER_ISOLATED;
	for (int i = 0; i < LIBSETS; i++)
		calls[i] = start(pauses, NULL, INGER_ISOLATED);
	ok(stats().libsets_made > before.libsets_made, "libsets_made: for %d isolated calls", LIBSETS);
	ok(stats().libsets_made - stats().libsets_retired >= LIBSETS, "as many of them are there as calls live");
	ok(stats().stacks >= LIBSETS && stats().stack_bytes >= stats().stacks * 65536, "stacks: one for each, with %llu KiB",
	   (unsigned long long)(stats().stack_bytes / stats().stacks >> 10));
	before = stats();
	for (int i = 0; i < LIBSETS; i++)
		end(&calls[i]);
	for (int i = 0; i < 2000 && stats().libsets_retired - before.libsets_retired < LIBSETS; i++)
		usleep(1000);
	changed(libsets_retired, LIBSETS, "libsets_retired: those of %d cancelled calls", LIBSETS);
	attr.libsets = 3;
	inger_launch_attr(count_up, TO_COMPLETION, &number, &attr);
	for (int i = 0; i < 10000 && stats().libsets_ready < 3; i++)
		usleep(1000);
	ok(stats().libsets_ready >= 3, "libsets_ready: as many as were asked for");
}

static struct inger_stats there;
static void *launches(void *barrier)
{
	int number = 0;
	launch(count_up, TO_COMPLETION, &number);
	there = stats();
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}
static void *only_reads(void *arg)
{
	(void)arg;
	there = stats();
	return NULL;
}

static void test_threads(void)
{
	struct inger_stats before = stats();
	pthread_barrier_t barrier;
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, launches, &barrier) != 0)
		bail("pthread_create");
	pthread_barrier_wait(&barrier);
	is_int(there.launched - before.launched, 1, "another thread launches");
	changed(launched, 1, "and is seen here");
	changed(threads, 1, "threads: one more");
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	changed(threads, 0, "until it ends");
	changed(launched, 1, "what it has done stays");
	if (pthread_create(&thread, NULL, only_reads, NULL) != 0)
		bail("pthread_create");
	pthread_join(thread, NULL);
	ok(there.launched == stats().launched && there.threads == stats().threads, "a thread that has never launched reads the same");
}

static volatile sig_atomic_t handled, handled_right;
static void handler(int signal)
{
	struct inger_stats now = { .size = sizeof now };
	(void)signal;
	handled_right += inger_stats(&now) == 0 && now.launched >= now.completed + now.cancelled && now.threads >= 1;
	handled++;
}
static void churns(void *number)
{
	for (int i = 0; i < 200000; i++) {
		allocate(500);
		++*(int *)number;
	}
}

static void test_handler(void)
{
	struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	struct inger_stats before = stats();
	int number = 0, calls = 0;
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (; handled < 200; calls++) {
		linger_t call = launch(churns, 300, &number);
		if (call.continuation && calls % 3 == 0)
			end(&call);
		else if (finish(&call, 300) < 0)
			bail("resume");
	}
	setitimer(ITIMER_REAL, &never, NULL);
	is_int(handled_right, handled, "%d handlers read them, wherever the signal came", (int)handled);
	changed(launched, calls, "launched: as many as there were");
	is_int(stats().completed + stats().cancelled - before.completed - before.cancelled, calls, "and all have ended");
}

static void test_sizes(void)
{
	struct { struct inger_stats known; unsigned char later[64]; } newer;
	struct inger_stats older, now;
	ok(inger_stats(NULL) == -1 && errno == EINVAL, "NULL: EINVAL");
	int refused = 0;
	for (size_t size = 0; size < 16; size++) {
		older.size = size;
		refused += inger_stats(&older) == -1 && errno == EINVAL;
	}
	is_int(refused, 16, "sizes that can't be: EINVAL");
	ok(strstr(inger_strerror(EINVAL), "inger_stats") != NULL, "and why: %s", inger_strerror(EINVAL));
	memset(&older, 0xee, sizeof older);
	older.size = offsetof(struct inger_stats, faulted);
	now = stats();
	is_int(inger_stats(&older), 0, "an older size");
	ok(older.launched == now.launched && older.cancelled == now.cancelled, "is filled in");
	ok(older.faulted == 0xeeeeeeeeeeeeeeee && older.threads == older.faulted, "and nothing behind it");
	memset(&newer, 0xee, sizeof newer);
	newer.known.size = sizeof newer;
	is_int(inger_stats(&newer.known), 0, "a newer size");
	bool zero = true;
	for (size_t i = 0; i < sizeof newer.later; i++)
		zero &= newer.later[i] == 0;
	ok(zero && newer.known.size == sizeof newer && newer.known.launched == now.launched, "gets zeros for what is not known here");
}

static int in_the_child(linger_t paused, struct inger_stats before)
{
	int number = 0;
	if (stats().launched != before.launched || stats().paused != 1)
		return 1;
	launch(count_up, TO_COMPLETION, &number);
	if (stats().launched != before.launched + 1)
		return 2;
	if (cancel(&paused) != 0 || stats().paused != 0)
		return 3;
	return stats().threads == 1 ? 0 : 4;
}

static void test_fork(void)
{
	int status = -1;
	linger_t paused = start(pauses, NULL, INGER_SHARED);
	struct inger_stats before = stats();
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_the_child(paused, before));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("fork");
	is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "the child of fork() goes on with its parent's");
	ok(stats().launched == before.launched && stats().paused == 1, "and the parent with its own");
	end(&paused);
}

int main(void)
{
	plan(51);
	struct inger_stats fresh = stats();
	is_int(fresh.launched + fresh.libsets_made + fresh.threads, 0, "nothing has been launched");
	test_calls();
	test_pauses();
	test_libsets();
	test_threads();
	test_handler();
	test_sizes();
	test_fork();
	is_int(stats().live, 0, "no call is left");
	return done();
}
