/* SPDX-License-Identifier: Apache-2.0 */
/* socket_timeouts: SO_RCVTIMEO and SO_SNDTIMEO end a call in slices when they would without, with the same error, and do not keep a
 * budget from ending it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "helpers.h"

#define TIMEOUT_MS 80

static int pair[2], listener, inet_listener, files[2];
static char data[300000];
static struct sockaddr_un address = {AF_UNIX, ""};
static struct sockaddr_in inet = {AF_INET, 0, {0}, ""};

struct result {
	long value;
	int error;
	uint64_t ns;
};

static void set(int fd, int option)
{
	struct timeval t = {0, TIMEOUT_MS * 1000};
	if (setsockopt(fd, SOL_SOCKET, option, &t, sizeof t) != 0)
		bail("setsockopt");
}

static void done_with(struct result *r, long value, uint64_t from)
{
	r->error = errno;
	r->value = value;
	r->ns = now_ns() - from;
}
#define WAIT(name, call)                          \
	static void name(void *arg)               \
	{                                         \
		uint64_t from = now_ns();         \
		errno = 0;                        \
		long value = (long)(call);        \
		done_with(arg, value, from);      \
	}

WAIT(receives, recv(pair[0], data, 10, 0))
WAIT(reads, read(pair[0], data, 10))
WAIT(reads_parts, readv(pair[0], &(struct iovec){data, 10}, 1))
WAIT(sends, send(pair[1], data, sizeof data, 0))
WAIT(sends_file, sendfile(pair[1], files[0], NULL, 1000))
WAIT(splices, splice(pair[0], NULL, files[1], NULL, 10, 0))
WAIT(accepts, accept(listener, NULL, NULL))

static void connects_local(void *arg)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct timeval t = {0, 0};
	socklen_t length = sizeof t;
	set(fd, SO_SNDTIMEO);
	uint64_t from = now_ns();
	long value = connect(fd, (struct sockaddr *)&address, sizeof address);
	done_with(arg, value, from);
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, &length);
	if (t.tv_sec || t.tv_usec < TIMEOUT_MS * 1000 || t.tv_usec > TIMEOUT_MS * 1000 + 20000)
		((struct result *)arg)->value = 99; /* the socket's own timeout is what it was */
	close(fd);
}

static void connects_inet(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	set(fd, SO_SNDTIMEO);
	uint64_t from = now_ns();
	long value = connect(fd, (struct sockaddr *)&inet, sizeof inet);
	done_with(arg, value, from);
	close(fd);
}

static void fill(void)
{
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	while (send(pair[1], data, sizeof data, 0) > 0)
		;
	fcntl(pair[1], F_SETFL, 0);
}

static void prepare(void)
{
	socklen_t length = sizeof inet;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || pipe(files) != 0)
		bail("socketpair");
	files[0] = open("/proc/self/exe", O_RDONLY);
	set(pair[0], SO_RCVTIMEO);
	set(pair[1], SO_SNDTIMEO);
	fill();
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "inger-timeouts-%d", getpid());
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	set(listener, SO_RCVTIMEO);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 0) != 0)
		bail("listen");
	inet_listener = socket(AF_INET, SOCK_STREAM, 0);
	inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(inet_listener, (struct sockaddr *)&inet, sizeof inet) != 0 || listen(inet_listener, 0) != 0 ||
	    getsockname(inet_listener, (struct sockaddr *)&inet, &length) != 0)
		bail("listen");
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (struct sockaddr *)&inet, sizeof inet);
	}
}

static void check(const char *name, void (*function)(void *), int error)
{
	struct result r = {0};
	bool sliced = run_sliced(function, &r, 1000) >= 0;
	ok(sliced && r.value == -1 && r.error == error && r.ns >= (TIMEOUT_MS - 5) * 1000000ull, "%s in slices times out: %ld, %s, %llu ms",
	   name, r.value, strerror(r.error), (unsigned long long)(r.ns / 1000000));
	/* Between its timeout and twice that, if the timeout began anew in a slice that is longer. */
	linger_t call = launch(function, TIMEOUT_MS * 600, &r);
	finish(&call, TO_COMPLETION);
	ok(r.value == -1 && r.error == error && r.ns < TIMEOUT_MS * 1600000ull + 400000000ull, "%s with one pause: %llu ms", name,
	   (unsigned long long)(r.ns / 1000000));
	ok(inger_call(function, &r, 5000, NULL) == ETIMEDOUT, "%s can be cancelled", name);
}

int main(void)
{
	plan(9 * 3);
	prepare();
	check("accept()", accepts, EAGAIN);
	check("send()", sends, EAGAIN);
	check("sendfile()", sends_file, EAGAIN);
	int filler = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(filler, (struct sockaddr *)&address, sizeof address) != 0)
		bail("connect");
	check("connect() to a local socket", connects_local, EAGAIN);
	check("connect() by TCP", connects_inet, EINPROGRESS);
	while (recv(pair[0], data, sizeof data, MSG_DONTWAIT) > 0)
		;
	check("recv()", receives, EAGAIN);
	check("read()", reads, EAGAIN);
	check("readv()", reads_parts, EAGAIN);
	check("splice()", splices, EAGAIN);
	return done();
}
