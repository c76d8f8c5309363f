/* SPDX-License-Identifier: Apache-2.0 */
/* once_inside: initialisers of pthread_once() and call_once() inside preemptible functions: paused like everything else, waited for
 * within a budget, helped by who has none, and as if never called when they are given up. */
#include <mutex>
#include <pthread.h>
#include <sys/wait.h>
#include <threads.h>
#include "helpers.h"

static volatile int stop;
static int runs;
static char *made;

static pthread_once_t word = PTHREAD_ONCE_INIT;
static void busy_initialiser(void)
{
	made = strdup("made");
	while (!stop)
		;
	runs++;
}
static void initialise(void *) { pthread_once(&word, busy_initialiser); }

static pthread_once_t pauses_word = PTHREAD_ONCE_INIT;
static void pausing_initialiser(void) { inger_pause(); runs++; }
static void initialise_pausing(void *) { pthread_once(&pauses_word, pausing_initialiser); }

static void throws(void *)
{
	static std::once_flag flag;
	int tries = 0;
	for (int i = 0; i < 3; i++)
		try { std::call_once(flag, [&] { if (++tries < 3) throw 1; runs++; }); } catch (int) { }
	while (!stop)
		;
}

static pthread_once_t never_word = PTHREAD_ONCE_INIT;
static void endless_initialiser(void) { for (;;) { __asm__ volatile(""); } }
static void initialise_endless(void *) { pthread_once(&never_word, endless_initialiser); }
static void short_initialiser(void) { runs++; }

static void *on_thread(void *) { return (void *)(long)pthread_once(&word, short_initialiser); }

static pthread_once_t exits_word = PTHREAD_ONCE_INIT;
static void exiting_initialiser(void) { pthread_exit(NULL); }
static void *exits(void *) { pthread_once(&exits_word, exiting_initialiser); return NULL; }

int main()
{
	struct inger_attr attr = INGER_ATTR_INIT;
	plan(19);

	linger_t call = launch(initialise, 3000, NULL);
	ok(call.continuation && !call.is_complete, "an initialiser is paused");
	ok(inger_call(initialise, NULL, 3000, NULL) == ETIMEDOUT, "who needs it waits within its budget");
	ok(pthread_once(&word, short_initialiser) == EDEADLK && runs == 0, "the program's own side gets EDEADLK while it does not end");
	pthread_t thread;
	void *result = NULL;
	pthread_create(&thread, NULL, on_thread, NULL);
	pthread_join(thread, &result);
	ok((long)result == EDEADLK, "so does another thread");
	stop = 1;
	ok(pthread_once(&word, short_initialiser) == 0 && runs == 1, "once it can end, the program's side runs it to its end");
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete && runs == 1, "and the call goes on from there");
	ok(made && strcmp(made, "made") == 0, "what it has made stays");

	runs = 0;
	call = launch(initialise_pausing, 3000, NULL);
	ok(!call.is_complete && call.yielded, "an initialiser that pauses itself");
	ok(pthread_once(&pauses_word, short_initialiser) == 0 && runs == 1, "is run on by the program's side");
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete && runs == 1, "and its call completes");

	runs = stop = 0;
	call = launch(throws, 3000, NULL);
	ok(!call.is_complete && runs == 1, "an initialiser that throws twice runs a third time");
	stop = 1;
	resume(&call, TO_COMPLETION);

	attr.flags = INGER_RELEASE;
	attr.grace_us = 1000;
	runs = 0;
	call = launch(initialise_endless, 3000, NULL);
	ok(cancel(&call) != 0 && errno == EBUSY, "an endless initialiser keeps its call from being cancelled: %s", inger_strerror(errno));
	ok(pthread_once(&never_word, short_initialiser) == EDEADLK, "and others from going on");
	linger_t other = inger_launch_attr(initialise_endless, 3000, NULL, &attr);
	ok(cancel(&other) == 0, "one that only waits for it can be cancelled");
	never_word = PTHREAD_ONCE_INIT;
	other = inger_launch_attr(initialise_endless, 3000, NULL, &attr);
	ok(cancel(&other) == 0, "with INGER_RELEASE it is given up");
	ok(pthread_once(&never_word, short_initialiser) == 0 && runs == 1, "as if it had never been called");

	pthread_create(&thread, NULL, exits, NULL);
	pthread_join(thread, NULL);
	runs = 0;
	ok(pthread_once(&exits_word, short_initialiser) == 0 && runs == 1, "nor one whose thread has ended in it");

	static once_flag c11 = ONCE_FLAG_INIT;
	runs = 0;
	pid_t child = fork();
	if (child == 0) {
		call_once(&c11, short_initialiser);
		call_once(&c11, short_initialiser);
		_exit(runs == 1 ? 0 : 1);
	}
	int status = -1;
	waitpid(child, &status, 0);
	is_int(status, 0, "call_once() in the child of a fork");
	run_sliced([](void *flag) { call_once((once_flag *)flag, short_initialiser); }, &c11, 1000);
	call_once(&c11, short_initialiser);
	is_int(runs, 1, "call_once() inside and outside");
	return done();
}
