/* SPDX-License-Identifier: Apache-2.0 */
/* ev (libev-dev: -lev): an event loop with timers and a pipe */
#include "library.h"
#include <ev.h>
#include <unistd.h>

static void readable(struct ev_loop *loop, ev_io *io, int what)
{
	char byte;
	(void)what;
	if (read(io->fd, &byte, 1) == 1)
		*(int *)io->data += byte;
	ev_io_stop(loop, io);
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 20; i++) {
		int ends[2], sum = 0;
		if (pipe(ends) != 0)
			return 0;
		struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
		ev_io io;
		ev_io_init(&io, readable, ends[0], EV_READ);
		io.data = &sum;
		ev_io_start(loop, &io);
		char byte = (char)(i + number);
		result = digest_number(result, write(ends[1], &byte, 1));
		ev_run(loop, 0);
		ev_loop_destroy(loop);
		close(ends[0]), close(ends[1]);
		result = digest_number(result, sum);
	}
	return result;
}

LIBRARY(ev, work)
