/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_zero: waits that do not wait (timeout 0) never show our EINTR: the kernel reports a pending signal even then. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>
#include <inger.h>
#include "tap.h"

enum { ROUNDS = 20000 };
static int pipe_ends[2], epoll_fd;
static long interrupted[4];

static void look(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		struct pollfd p = { .fd = pipe_ends[0], .events = POLLIN };
		struct timespec none = { 0, 0 };
		struct timeval no_time = { 0, 0 };
		struct epoll_event event;
		fd_set set;
		FD_ZERO(&set);
		FD_SET(pipe_ends[0], &set);
		interrupted[0] += poll(&p, 1, 0) == -1;
		interrupted[1] += ppoll(&p, 1, &none, NULL) == -1;
		interrupted[2] += select(pipe_ends[0] + 1, &set, NULL, NULL, &no_time) == -1;
		interrupted[3] += epoll_wait(epoll_fd, &event, 1, 0) == -1;
	}
}

int main(void)
{
	static const char *const names[] = { "poll", "ppoll", "select", "epoll_wait" };
	struct epoll_event event = { .events = EPOLLIN };
	long pauses = 0;
	plan(5);
	if (pipe(pipe_ends) != 0 || (epoll_fd = epoll_create1(0)) < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_ends[0], &event) != 0)
		bail("pipe and epoll");
	linger_t call = launch(look, 50, NULL);
	for (; !call.is_complete; pauses++)
		if (resume(&call, 50) != 0)
			break;
	ok(pauses > 100, "was paused %ld times", pauses);
	for (int i = 0; i < 4; i++)
		is_int(interrupted[i], 0, "%s with a timeout of 0 is never interrupted", names[i]);
	return done();
}
