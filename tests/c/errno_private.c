/* SPDX-License-Identifier: Apache-2.0 */
/* errno_private: a call has an errno of its own; neither side sees the other's. */
#include "helpers.h"

static volatile int stop, wrong, rounds;

static void fail_often(void *arg)
{
	(void)arg;
	while (!stop) {
		errno = 0;
		if (close(-1) != -1 || errno != EBADF)
			wrong++;
		errno = ERANGE;
		work(1, 50);
		if (errno != ERANGE)
			wrong++;
		rounds++;
	}
}

static int first_errno = -1;
static void look(void *arg)
{
	(void)arg;
	first_errno = errno;
	errno = EDOM;
}

int main(void)
{
	plan(6);
	errno = ENOTTY;
	linger_t call = launch(look, TO_COMPLETION, NULL);
	is_int(errno, ENOTTY, "a successful launch leaves the caller's errno alone");
	ok(call.is_complete, "the call completes");
	is_int(first_errno, 0, "a call begins with errno 0");

	int kept = 0;
	call = launch(fail_often, 50, NULL);
	for (int i = 0; i < 1000; i++) {
		errno = 1000 + i;
		if (resume(&call, (uint64_t)(10 + i % 50)) != 0)
			break;
		kept += errno == 1000 + i;
	}
	is_int(kept, 1000, "a thousand pauses: the caller's errno is its own");
	stop = 1;
	resume(&call, TO_COMPLETION);
	ok(rounds > 0, "the function has run");
	is_int(wrong, 0, "and its errno was its own");
	return done();
}
