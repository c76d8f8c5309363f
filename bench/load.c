/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - one child a processor, stopped and continued by signals. */
#include "load.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { MOST = 1024 };

static pid_t child[MOST];
static int children;
static bool spinning;

_Noreturn static void spin(pid_t parent, int processor) {
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(processor, &here);
	/* The signal comes when the parent's main thread has ended; that may have happened before it was asked for. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		_exit(1);
	(void)sched_setaffinity(0, sizeof(here), &here); /* one that may not choose loads some processor */
	raise(SIGSTOP);
	for (;;)
		BARRIER();
}

static void wait_for_stop(pid_t pid) {
	int status;
	while (waitpid(pid, &status, WUNTRACED) < 0)
		if (errno != EINTR)
			die("stop a spinning process", "waitpid", errno);
	if (!WIFSTOPPED(status))
		die("stop a spinning process", "it ended", 0);
}

void load_start(void) {
	pid_t parent = getpid();
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		die("start spinning processes", "sched_getaffinity", errno);
	for (int processor = 0; processor < MOST && processor < CPU_SETSIZE; processor++) {
		if (!CPU_ISSET(processor, &allowed))
			continue;
		pid_t pid = fork();
		if (pid == 0)
			spin(parent, processor);
		if (pid < 0)
			die("start spinning processes", "fork", errno);
		wait_for_stop(pid);
		child[children++] = pid;
	}
}

void load_run(bool spins) {
	if (spins == spinning)
		return; /* nothing would tell that a stopped one was stopped again */
	spinning = spins;
	for (int i = 0; i < children; i++)
		if (kill(child[i], spins ? SIGCONT : SIGSTOP))
			die("let a process spin", "kill", errno);
	for (int i = 0; i < children && !spins; i++)
		wait_for_stop(child[i]);
}

void load_end(void) {
	for (int i = 0; i < children; i++) {
		kill(child[i], SIGKILL);
		while (waitpid(child[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	children = 0;
	spinning = false;
}
