/* SPDX-License-Identifier: Apache-2.0 */
/* partial_io: a transfer on a blocking descriptor is not cut short by our signal. */
#include <sys/socket.h>
#include <sys/uio.h>
#include "helpers.h"

#define SIZE (1 << 20)

static unsigned char sent[SIZE], received[SIZE];
static int ends[2];
static ssize_t result;

/* The other end takes or gives a little at a time. */
static void *read_slowly(void *arg)
{
	size_t got = 0;
	(void)arg;
	while (got < SIZE) {
		ssize_t n = read(ends[0], received + got, 20000);
		if (n <= 0)
			break;
		got += (size_t)n;
		usleep(300);
	}
	return (void *)got;
}
static void *write_slowly(void *arg)
{
	size_t put = 0;
	(void)arg;
	while (put < SIZE) {
		size_t piece = SIZE - put < 20000 ? SIZE - put : 20000;
		ssize_t n = write(ends[1], sent + put, piece);
		if (n <= 0)
			break;
		put += (size_t)n;
		usleep(300);
	}
	return (void *)put;
}

static void by_write(void *arg)
{
	(void)arg;
	result = write(ends[1], sent, SIZE);
}
static void by_writev(void *arg)
{
	struct iovec v[3] = { { sent, 1000 }, { sent + 1000, 500000 }, { sent + 501000, SIZE - 501000 } };
	(void)arg;
	result = writev(ends[1], v, 3);
}
static void by_fwrite(void *arg)
{
	FILE *stream = fdopen(dup(ends[1]), "w");
	(void)arg;
	result = (ssize_t)fwrite(sent, 1, SIZE, stream);
	if (fclose(stream) != 0)
		result = -1;
}
static void by_send(void *arg)
{
	(void)arg;
	result = send(ends[1], sent, SIZE, 0);
}
static void by_sendmsg(void *arg)
{
	struct iovec v[2] = { { sent, 700000 }, { sent + 700000, SIZE - 700000 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	(void)arg;
	result = sendmsg(ends[1], &m, 0);
}
static void by_recv(void *arg)
{
	(void)arg;
	result = recv(ends[0], received, SIZE, MSG_WAITALL);
}
static void by_fread(void *arg)
{
	FILE *stream = fdopen(dup(ends[0]), "r");
	(void)arg;
	result = (ssize_t)fread(received, 1, SIZE, stream);
	fclose(stream);
}

static const struct {
	const char *name;
	void (*function)(void *);
	bool socket, reads;
} cases[] = {
	{ "write to a pipe", by_write, false, false },
	{ "writev to a pipe", by_writev, false, false },
	{ "fwrite to a pipe", by_fwrite, false, false },
	{ "write to a socket", by_write, true, false },
	{ "send", by_send, true, false },
	{ "sendmsg", by_sendmsg, true, false },
	{ "recv with MSG_WAITALL", by_recv, true, true },
	{ "fread from a pipe", by_fread, false, true },
};
#define CASES (sizeof cases / sizeof *cases)

static void nothing(void *arg) { (void)arg; }

static void one(size_t i, bool inside)
{
	pthread_t other;
	void *moved;
	long pauses = 0;
	if ((cases[i].socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends)) != 0)
		bail("pipe");
	memset(received, 0, SIZE);
	result = -2;
	if (pthread_create(&other, NULL, cases[i].reads ? write_slowly : read_slowly, NULL) != 0)
		bail("pthread_create");
	if (inside) {
		pauses = run_sliced(cases[i].function, NULL, 200);
	} else {
		launch(nothing, 3000, NULL); /* leaves its clock armed */
		cases[i].function(NULL);
	}
	if (!cases[i].reads)
		close(ends[1]); /* what is missing shows as the end of input, not as a hang */
	pthread_join(other, &moved);
	if (cases[i].reads)
		close(ends[1]);
	close(ends[0]);
	is_int(result, SIZE, "%s returns the full count, %s (%ld pauses)", cases[i].name, inside ? "in slices" : "after a call", pauses);
	ok(memcmp(sent, received, SIZE) == 0, "%s: the bytes are right", cases[i].name);
}

int main(void)
{
	plan(4 * CASES);
	uint64_t state = 1;
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (unsigned char)random_next(&state);
	for (size_t i = 0; i < CASES; i++) {
		one(i, false);
		one(i, true);
	}
	return done();
}
