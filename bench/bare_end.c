/* SPDX-License-Identifier: Apache-2.0 */
/* bare_end.c - ending a thread or a process that waits and has things in hand. The thread's are given back by its cleanup
 * handler, the process's by the kernel. Starting it is not measured. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare_ops.h"
#include "held.h"

static struct held held;
static sem_t waits;

static void want(uint64_t holding) {
	held.blocks = holding ? HELD_BLOCKS : 0;
	held.descriptors = holding ? HELD_DESCRIPTORS : 0;
}

static void *hold(void *argument) {
	pthread_cleanup_push(held_give_back, &held);
	held_take(&held);
	sem_post(&waits);
	for (;;)
		pause(); /* a cancellation point */
	pthread_cleanup_pop(1);
	return argument;
}

double base_cancel_thread(uint64_t holding) {
	pthread_t thread;
	want(holding);
	sem_init(&waits, 0, 0);
	int failed = pthread_create(&thread, NULL, hold, NULL);
	if (failed)
		die("start a thread", "pthread_create", failed);
	while (sem_wait(&waits))
		;
	usleep(50); /* it reaches pause() */
	double start = now_ns();
	failed = pthread_cancel(thread);
	if (!failed)
		failed = pthread_join(thread, NULL);
	double elapsed = now_ns() - start;
	if (failed)
		die("cancel a thread", "pthread_cancel", failed);
	sem_destroy(&waits);
	return elapsed;
}

double base_kill(uint64_t holding) {
	int ready[2];
	char byte;
	want(holding);
	if (pipe(ready))
		die("start a process", "pipe", errno);
	pid_t pid = fork();
	if (pid == 0) {
		held_take(&held);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die("start a process", "fork", errno);
	double start = now_ns();
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		die("end a process", "kill", errno);
	double elapsed = now_ns() - start;
	close(ready[0]);
	close(ready[1]);
	return elapsed;
}
