/* SPDX-License-Identifier: Apache-2.0 */
/* ends_libset: what a library's constructor makes and registers is taken back when the call is cancelled whose libset it was;
 * what libc keeps for itself meanwhile stays. */
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include "ends.h"
#include "helpers.h"

#define CANCELS 150
#define SPARE 16 /* libsets that are ready or about to be */

extern char **environ;
static struct ends_counts counts;

static int free_keys(void)
{
	static pthread_key_t keys[PTHREAD_KEYS_MAX];
	int count = 0;
	while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], NULL) == 0)
		count++;
	for (int i = 0; i < count; i++)
		pthread_key_delete(keys[i]);
	return count;
}

static int constructed;
static void runs(void *arg)
{
	constructed = ends_constructed();
	ends_on_signal(SIGUSR1);
	ends_at_exit();
	ends_value();
	inger_pause();
	(void)arg;
}

static bool launch_and_cancel(void (*function)(void *), void *arg, const struct inger_attr *attr)
{
	linger_t call = inger_launch_attr(function, TO_COMPLETION, arg, attr);
	return !call.is_complete && cancel(&call) == 0;
}

static void own_handler(int sig) { counts.destroyed += sig == SIGUSR1; }

static void keeps_a_key(void *arg)
{
	pthread_key_t *key = arg ? arg : malloc(sizeof *key);
	pthread_key_create(key, NULL);
	inger_pause();
}

int main(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	int cancelled = 0, good = 0;
	plan(9);
	ends_count(&counts);
	signal(SIGUSR1, own_handler);
	/* Shared: keys go with where their number is. */
	attr.isolation = INGER_SHARED;
	static pthread_key_t mine;
	(void)launch_and_cancel(spin, &(int){1}, &attr); /* the library's own key */
	int before = free_keys();
	for (int i = 0; i < CANCELS; i++)
		(void)launch_and_cancel(keeps_a_key, NULL, &attr);
	is_int(free_keys(), before, "keys whose number a cancelled function had in its heap are free");
	(void)launch_and_cancel(keeps_a_key, &mine, &attr);
	ok(free_keys() == before - 1 && pthread_setspecific(mine, &mine) == 0, "one that is the program's stays");

	attr.isolation = INGER_ISOLATED;
	before = free_keys();
	for (int i = 0; i < CANCELS; i++) {
		cancelled += launch_and_cancel(runs, NULL, &attr);
		good += constructed;
		free(malloc((size_t)(64 + i * 8)));
	}
	is_int(cancelled, CANCELS, "calls are cancelled");
	is_int(good, CANCELS, "their constructors' blocks were their own");
	int after = free_keys();
	ok(before - after <= SPARE, "keys free: %d before, %d after", before, after);

	counts.forks = 0;
	pid_t child = fork();
	if (child == 0) {
		setenv("ENDS_CHILD", "a new one", 1);
		_exit(free_keys() > 0 ? 0 : 1);
	}
	int status = -1;
	waitpid(child, &status, 0);
	is_int(status, 0, "a fork afterwards, and its child");
	ok(counts.forks <= SPARE + 1, "%d fork handlers ran, of the program's library and of libsets that are ready", counts.forks);
	int length = 0;
	for (char **e = environ; *e; e++)
		length += (int)strlen(*e) > 0;
	ok(length > SPARE / 4, "the environment has %d variables", length);
	counts.destroyed = 0;
	raise(SIGUSR1);
	ok(counts.signals == 0 && counts.destroyed == 1, "the signal has the program's handler again");
	return done();
}
