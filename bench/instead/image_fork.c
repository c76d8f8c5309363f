/* SPDX-License-Identifier: Apache-2.0 */
/* image_fork.c - the decode in a child, which is killed at the budget. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness.h"
#include "clock.h"
#include "image.h"
#include "inputs.h"

extern const struct work work_png;

static void one(struct job *job, uint32_t budget_us, double value[IMAGE_FORK_VALUES]) {
	int ends[2];
	if (pipe(ends))
		die("fork", "pipe", errno);
	double start = now_ns();
	struct timespec deadline = now_plus(budget_us);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		work_png.run(job);
		_exit(0);
	}
	if (pid < 0)
		die("fork", "fork", errno);
	close(ends[1]);
	struct pollfd result = { .fd = ends[0], .events = POLLIN };
	struct timespec left = left_until(&deadline);
	int ended = ppoll(&result, 1, &left, NULL);
	double control = now_ns();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	double released = now_ns();
	if (ended)
		die("end a decode at its budget", "it ended by itself", 0);
	value[IMAGE_FORK_CONTROL] = control - start - budget_us * NS_PER_US;
	value[IMAGE_FORK_RELEASED] = released - start - budget_us * NS_PER_US;
}

int main(int argc, char **argv) {
	struct image_request request = image_request(argc, argv);
	struct job job = { .work = &work_png };
	job.input = png_bomb(request.size, &job.input_bytes);
	for (uint32_t i = 0; i < request.count; i++) {
		double value[IMAGE_FORK_VALUES];
		one(&job, request.budget_us, value);
		for (int v = 0; v < IMAGE_FORK_VALUES; v++)
			printf("%.0f\n", value[v]);
	}
	return 0;
}
