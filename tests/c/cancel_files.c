/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_files: descriptors, streams, directories and mappings of a cancelled function are closed, once; what others have in
 * their place, what was kept, and what a completed function made is left alone. */
#include <fcntl.h>
#include <mntent.h>
#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <wchar.h>
#include "helpers.h"

#define ROUNDS 20
#define PAGE 4096

static char folder[] = "/tmp/cancel_files.XXXXXX", plain_path[64], fifo_path[64], socket_path[64];
static int listener, pair[2];

/* ---- what a function may make; false: it could not */

static bool fine(int fd) { return fd >= 0; }
static bool by_open(void) { return fine(open(plain_path, O_RDONLY)); }
static bool by_open_create(void) { return fine(open(plain_path, O_RDWR | O_CREAT, 0600)); }
static bool by_openat(void) { return fine(openat(AT_FDCWD, plain_path, O_RDONLY)); }
static bool by_creat(void) { return fine(creat(plain_path, 0600)); }
static bool by_dup(void) { return fine(dup(0)); }
static bool by_dup2(void) { return dup2(0, 200) == 200; }
static bool by_dup3(void) { return dup3(0, 201, O_CLOEXEC) == 201; }
static bool by_dup2_twice(void) { return dup2(0, 202) == 202 && dup2(1, 202) == 202; }
static bool by_fcntl(void) { return fine(fcntl(0, F_DUPFD, 100)) && fine(fcntl(0, F_DUPFD_CLOEXEC, 100)); }
static bool by_pipe(void)
{
	int p[2];
	return pipe(p) == 0 && pipe2(p, O_CLOEXEC) == 0;
}
static bool by_socketpair(void)
{
	int p[2];
	return socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0;
}
static bool by_socket(void) { return fine(socket(AF_UNIX, SOCK_STREAM, 0)); }
static bool by_eventfd(void) { return fine(eventfd(0, 0)) && fine(epoll_create1(0)) && fine(inotify_init1(0)); }
static bool by_timerfd(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return fine(timerfd_create(CLOCK_MONOTONIC, 0)) && fine(signalfd(-1, &set, 0));
}
static bool by_memfd(void) { return fine(memfd_create("cancel", 0)); }
static bool by_mkstemp(void)
{
	char path[100];
	snprintf(path, sizeof path, "%s/XXXXXX", folder);
	int fd = mkstemp(path);
	return fine(fd) && unlink(path) == 0;
}
static bool by_openpty(void)
{
	int master, slave;
	return openpty(&master, &slave, NULL, NULL, NULL) == 0;
}
static bool by_accept(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && fine(accept(listener, NULL, NULL));
}
static bool send_descriptor(int fd)
{
	char byte = 'x', room[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	return sendmsg(pair[0], &m, 0) == 1;
}
static bool receive(bool many)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec part = { &byte, 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room } };
	return (many ? recvmmsg(pair[1], &m, 1, 0, NULL) : recvmsg(pair[1], &m.msg_hdr, 0)) == 1
		&& CMSG_FIRSTHDR(&m.msg_hdr) != NULL;
}
static bool by_message(void) { return send_descriptor(0) && receive(false) && send_descriptor(1) && receive(true); }
static bool by_number(void)
{
	int p[2];
	return fine((int)syscall(SYS_openat, AT_FDCWD, plain_path, O_RDONLY, 0)) && fine((int)syscall(SYS_dup, 0))
		&& fine((int)syscall(SYS_eventfd2, 0, 0)) && syscall(SYS_pipe2, p, 0) == 0 && syscall(SYS_close, p[0]) == 0;
}
static bool by_fopen(void)
{
	char line[10];
	FILE *f = fopen(plain_path, "r"), *g = fopen(plain_path, "a");
	return f && g && fgets(line, sizeof line, f) && fputs("never written", g) >= 0;
}
static bool by_locked_stream(void)
{
	FILE *f = fopen(plain_path, "r");
	if (f)
		flockfile(f);
	return f;
}
static bool by_fdopen(void) { return fdopen(open(plain_path, O_RDONLY), "r"); }
static bool by_freopen(void)
{
	FILE *f = fopen(plain_path, "r");
	return f && freopen("/dev/null", "w", f);
}
static bool by_tmpfile(void) { return tmpfile(); }
static bool by_popen(void) { return popen("exec cat >/dev/null", "w"); }
static bool by_setmntent(void) { return setmntent(plain_path, "r"); }
static bool by_fmemopen(void) { return fmemopen(NULL, 100, "w"); }
static char *left_text;
static size_t left_bytes;
static bool by_memstream(void)
{
	wchar_t *wide;
	size_t length;
	FILE *f = open_memstream(&left_text, &left_bytes), *g = open_wmemstream(&wide, &length);
	return f && g && fprintf(f, "%1000d", 1) == 1000 && fwprintf(g, L"%d", 1) == 1;
}
static int cookie_closed;
static int close_cookie(void *cookie)
{
	(void)cookie;
	cookie_closed++;
	return 0;
}
static bool by_cookie(void) { return fopencookie(NULL, "w", (cookie_io_functions_t){ .close = close_cookie }); }
static bool by_opendir(void)
{
	DIR *d = opendir("/");
	return d && readdir(d);
}
static bool by_fdopendir(void) { return fdopendir(open("/", O_RDONLY | O_DIRECTORY)); }
static bool by_mmap(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p != MAP_FAILED && munmap(p + 2 * PAGE, PAGE) == 0;
}
static bool by_mmap_file(void)
{
	int fd = open(plain_path, O_RDONLY);
	void *p = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	return p != MAP_FAILED && close(fd) == 0;
}
static bool by_mremap(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p != MAP_FAILED && mremap(p, PAGE, 100 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED;
}
static bool by_mmap_number(void)
{
	return syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != -1;
}
static bool by_shmat(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
	void *p = shmat(id, NULL, 0);
	return shmctl(id, IPC_RMID, NULL) == 0 && p != (void *)-1;
}

static const struct making {
	const char *name;
	bool (*make)(void);
} makings[] = {
	{ "open", by_open }, { "open with O_CREAT", by_open_create }, { "openat", by_openat }, { "creat", by_creat }, { "dup", by_dup },
	{ "dup2", by_dup2 }, { "dup3", by_dup3 }, { "dup2 twice", by_dup2_twice }, { "F_DUPFD", by_fcntl }, { "pipe", by_pipe },
	{ "socketpair", by_socketpair }, { "socket", by_socket }, { "eventfd, epoll and inotify", by_eventfd },
	{ "timerfd and signalfd", by_timerfd }, { "memfd", by_memfd }, { "mkstemp", by_mkstemp }, { "openpty", by_openpty },
	{ "accept", by_accept }, { "SCM_RIGHTS", by_message }, { "syscall()", by_number }, { "fopen", by_fopen },
	{ "a locked stream", by_locked_stream }, { "fdopen", by_fdopen }, { "freopen", by_freopen }, { "tmpfile", by_tmpfile },
	{ "popen", by_popen }, { "setmntent", by_setmntent }, { "fmemopen", by_fmemopen }, { "open_memstream", by_memstream },
	{ "fopencookie", by_cookie }, { "opendir", by_opendir }, { "fdopendir", by_fdopendir }, { "mmap", by_mmap },
	{ "mmap of a file", by_mmap_file }, { "mremap", by_mremap }, { "mmap by syscall()", by_mmap_number }, { "shmat", by_shmat },
};
#define MAKINGS ((int)(sizeof makings / sizeof *makings))

static bool made;
static void make_and_pause(void *arg)
{
	const struct making *m = arg;
	made = m->make();
	inger_pause();
	made = false; /* it must not come here */
}

static linger_t begin(void (*function)(void *), void *arg)
{
	return launch(function, TO_COMPLETION, arg);
}

/* More than once, so that what is left over adds up. In the program's own libset: those of cancelled functions come and go. */
static void cancels(const struct making *m)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	long descriptors = 0, mappings = 0;
	bool all = true;
	attr.isolation = INGER_SHARED;
	for (int i = 0; i <= ROUNDS; i++) {
		if (i == 1) { /* the first one brings what stays for good */
			descriptors = count_descriptors();
			mappings = count_mappings();
		}
		made = false;
		linger_t call = inger_launch_attr(make_and_pause, TO_COMPLETION, (void *)m, &attr);
		all &= made && call.yielded;
		all &= cancel(&call) == 0 && made;
	}
	ok(all, "%s: made, paused and cancelled %d times", m->name, ROUNDS);
	ok(settles(count_descriptors, descriptors), "%s: descriptors are closed (%ld, were %ld)", m->name, count_descriptors(), descriptors);
	/* Neighbours that look alike are one mapping, until one of them goes. libc keeps the stacks of threads that have waited
	 * for children. */
	mappings += m->make == by_popen ? 4 * ROUNDS : ROUNDS / 2;
	ok(settles(count_mappings, mappings), "%s: mappings are gone (%ld, at most %ld)", m->name, count_mappings(), mappings);
}

/* ---- kept, closed, handed on */

static struct {
	int fd, closed, reused;
	FILE *stream;
	DIR *directory;
	char *mapping;
} left;

static void make_some(void *arg)
{
	left.fd = open(plain_path, O_RDONLY);
	left.closed = open(plain_path, O_RDONLY);
	left.stream = fopen(plain_path, "r");
	left.directory = opendir("/");
	left.mapping = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arg) {
		inger_keep_fd(left.fd);
		inger_keep(left.stream);
		inger_keep(left.directory);
		inger_keep(left.mapping);
	}
	if (arg != &left)
		inger_pause();
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }
static bool all_there(void)
{
	char line[10];
	left.mapping[0] = 1;
	rewind(left.stream);
	rewinddir(left.directory);
	return is_open(left.fd) && fgets(line, sizeof line, left.stream) && readdir(left.directory);
}
static void close_all(void)
{
	close(left.fd);
	fclose(left.stream);
	closedir(left.directory);
	munmap(left.mapping, PAGE);
}

static void keeps(void)
{
	long descriptors = count_descriptors();
	linger_t call = begin(make_some, &made);
	ok(cancel(&call) == 0 && all_there(), "what was kept outlives a cancelled function");
	ok(!is_open(left.closed), "what was not kept does not");
	close_all();
	ok(settles(count_descriptors, descriptors), "kept things can be closed");
	ok(inger_keep_fd(0) == -1 && errno == EINVAL, "a descriptor of the program can't be kept");
	ok(inger_keep(&made) == -1 && errno == EINVAL, "nor can what is no resource");

	call = begin(make_some, &left);
	ok(call.is_complete && all_there(), "a function that returns keeps what it made");
	ok(inger_keep_fd(left.fd) == -1, "which is nobody's then");
	linger_t other = begin(make_and_pause, (void *)&makings[0]);
	ok(cancel(&other) == 0 && all_there(), "also after another was cancelled");
	close(left.closed);
	close_all();
}

/* The program closes what a paused function has, and gets the number, address or place for something of its own. */
static void reuses(void)
{
	linger_t call = begin(make_some, NULL);
	close_all();
	close(left.closed);
	int fds[16], count = 0;
	while (count < 16)
		fds[count++] = open("/dev/null", O_RDWR);
	FILE *stream = fopen(plain_path, "r");
	DIR *directory = opendir("/");
	char *mapping = mmap(left.mapping, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ok(call.yielded && fds[0] <= left.closed && mapping == left.mapping, "the program has the numbers and the address again");
	ok(cancel(&call) == 0, "the function is cancelled");
	bool open = true;
	while (count)
		open &= is_open(fds[--count]) && close(fds[count]) == 0;
	ok(open, "descriptors of the program stay open");
	char line[10];
	ok(fgets(line, sizeof line, stream) && fclose(stream) == 0, "a stream of the program is whole");
	ok(readdir(directory) && closedir(directory) == 0, "a directory of the program is whole");
	mapping[0] = 1;
	is_int(munmap(mapping, PAGE), 0, "a mapping of the program is there");

	call = begin(make_some, NULL);
	int duplicate = dup2(1, left.fd);
	mapping = mmap(left.mapping, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(cancel(&call) == 0 && is_open(duplicate), "dup2() over a function's descriptor makes it the program's");
	mapping[0] = 1;
	is_int(munmap(mapping, PAGE), 0, "so does MAP_FIXED");
	close(duplicate);
}

/* A program's descriptor that the function has put to use. */
static int lent;
static void use_lent(void *arg)
{
	(void)arg;
	fdopen(lent, "r");
	dup2(0, 210); /* was open */
	inger_pause();
}
static void lends(void)
{
	lent = open(plain_path, O_RDONLY);
	dup2(lent, 210);
	linger_t call = begin(use_lent, NULL);
	ok(cancel(&call) == 0 && is_open(lent), "a descriptor of the program that the function made a stream of stays open");
	ok(is_open(210), "so does one that it replaced");
	close(lent);
	close(210);
}

/* The child of vfork() has the function's memory, and descriptors of its own. */
static void start_child(void *arg)
{
	left.fd = open(plain_path, O_RDONLY);
	pid_t child = vfork();
	if (child == 0) {
		close(left.fd);
		_exit(dup2(0, *(int *)arg) >= 0 && open(plain_path, O_RDONLY) >= 0 ? 0 : 1);
	}
	int status = 1;
	waitpid(child, &status, 0);
	made = status == 0;
	inger_pause();
}
static void has_child(void)
{
	int number = 220;
	linger_t call = begin(start_child, &number);
	int mine[8];
	for (int i = 0; i < 8; i++)
		mine[i] = i < 7 ? open("/dev/null", O_RDONLY) : dup2(0, number);
	ok(made && call.yielded && cancel(&call) == 0 && !is_open(left.fd), "what a child of vfork() closed is closed by cancel()");
	bool open = true;
	for (int i = 0; i < 8; i++)
		open &= is_open(mine[i]) && close(mine[i]) == 0;
	ok(open, "what it opened is not the function's");
}

/* ---- blocked, paused and cancelled, or resumed */

static int got;
static void open_fifo(void *arg)
{
	(void)arg;
	got = open(fifo_path, O_RDONLY);
}
static void accept_one(void *arg)
{
	(void)arg;
	got = accept(listener, NULL, NULL);
}
static void receive_one(void *arg)
{
	(void)arg;
	got = receive(false) ? 0 : -1;
}
static void open_number(void *arg)
{
	(void)arg;
	got = (int)syscall(SYS_openat, AT_FDCWD, fifo_path, O_RDONLY, 0);
}
static void let_open(void) { close(open(fifo_path, O_WRONLY)); }
static void let_accept(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		bail("connect");
	close(fd);
}
static void let_receive(void) { send_descriptor(0); }

static const struct {
	const char *name;
	void (*function)(void *);
	void (*let)(void);
} blocked[] = {
	{ "open of a FIFO", open_fifo, NULL }, { "accept", accept_one, let_accept }, { "recvmsg", receive_one, let_receive },
	{ "open of a FIFO by syscall()", open_number, NULL },
};
#define BLOCKED ((int)(sizeof blocked / sizeof *blocked))

static void *let_open_thread(void *arg)
{
	let_open();
	return arg;
}

static void blocks(int i)
{
	long descriptors = count_descriptors();
	linger_t call = launch(blocked[i].function, 2000, NULL);
	ok(!call.is_complete && !call.yielded && call.continuation, "%s: paused while it waits", blocked[i].name);
	bool waits = true;
	for (int n = 0; n < 5; n++)
		waits &= resume(&call, 1000) == 0 && !call.is_complete;
	ok(waits, "%s: waits on when it is resumed", blocked[i].name);
	is_int(cancel(&call), 0, "%s: cancelled", blocked[i].name);
	ok(settles(count_descriptors, descriptors), "%s: leaves no descriptor", blocked[i].name);

	got = -2;
	call = launch(blocked[i].function, 2000, NULL);
	pthread_t other;
	if (blocked[i].let)
		blocked[i].let();
	else if (pthread_create(&other, NULL, let_open_thread, NULL) != 0)
		bail("pthread_create");
	ok(finish(&call, 2000) >= 0 && got >= 0, "%s: completes when it is resumed (%d)", blocked[i].name, got);
	if (!blocked[i].let)
		pthread_join(other, NULL);
	if (got > 2)
		close(got);
}

/* A timeout of the socket's own goes on over pauses. */
static void accept_for_a_while(void *arg)
{
	errno = 0;
	got = accept(listener, NULL, NULL);
	*(int *)arg = errno;
}
static void times_out(void)
{
	struct timeval timeout = { 0, 50000 }, none = { 0, 0 };
	int error = 0;
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	long pauses = run_sliced(accept_for_a_while, &error, 2000);
	ok(pauses > 0 && got == -1 && error == EAGAIN, "accept with SO_RCVTIMEO ends after %ld pauses with %d", pauses, error);
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

/* ---- the limit */

static int errors[5];
static void open_many(void *arg)
{
	int p[2];
	(void)arg;
	int fd = open(plain_path, O_RDONLY);
	FILE *f = fopen(plain_path, "r");
	errors[0] = fd >= 0 && f && dup(0) >= 0 ? 0 : errno;
	errors[1] = pipe(p) == 0 ? 0 : errno;
	errors[2] = dup(0) >= 0 && opendir("/") == NULL ? errno : 0;
	close(fd);
	errors[3] = open(plain_path, O_RDONLY) >= 0 ? 0 : errno;
	inger_pause();
	errors[4] = fopen(plain_path, "r") ? 0 : errno;
	inger_pause();
}
static void limits(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.descriptors = 4;
	linger_t call = inger_launch_attr(open_many, TO_COMPLETION, NULL, &attr);
	is_int(errors[0], 0, "three descriptors are within a limit of four");
	is_int(errors[1], EMFILE, "two more are not");
	is_int(errors[2], EMFILE, "nor is a directory after the fourth");
	is_int(errors[3], 0, "one that is closed makes room");
	int fd = dup(0);
	for (int n = 3; n < fd; n++)
		if (inger_keep_fd(n) == 0)
			close(n);
	close(fd);
	ok(resume(&call, TO_COMPLETION) == 0 && errors[4] == 0, "so do those that somebody else has closed");
	is_int(cancel(&call), 0, "cancelled");
}

/* The text of a closed stream is a block like any other, the stream's own until then. */
static char *text;
static void write_text(void *arg)
{
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	fputs("text", f);
	fclose(f);
	if (arg)
		inger_keep(text);
	inger_pause();
}
static void writes_text(void)
{
	linger_t call = begin(write_text, &text);
	ok(cancel(&call) == 0 && strcmp(text, "text") == 0, "the text of open_memstream() can be kept");
	free(text);
	call = begin(write_text, NULL);
	ok(inger_keep(text) == 0, "and is the function's");
	ok(cancel(&call) == 0, "cancelled");
	free(text);
}

int main(void)
{
	alarm(50);
	if (!mkdtemp(folder))
		bail("mkdtemp");
	snprintf(plain_path, sizeof plain_path, "%s/plain", folder);
	snprintf(fifo_path, sizeof fifo_path, "%s/fifo", folder);
	snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
	int fd = open(plain_path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || mkfifo(fifo_path, 0600) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		bail("files");
	close(fd);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 100) != 0)
		bail("listen");
	plan(3 * MAKINGS + 1 + 8 + 8 + 2 + 2 + 5 * BLOCKED + 1 + 6 + 3);
	/* What the library opens with the first libset stays. */
	linger_t first = begin(make_and_pause, (void *)&makings[0]);
	if (cancel(&first) != 0)
		bail("cancel");
	for (int i = 0; i < MAKINGS; i++) {
		fd = open(plain_path, O_WRONLY | O_TRUNC);
		if (write(fd, "line\nline\n", 10) != 10)
			bail("write");
		close(fd);
		cancels(&makings[i]);
	}
	is_int(cookie_closed, 0, "no function of the program is called to close a stream");
	keeps();
	reuses();
	lends();
	has_child();
	for (int i = 0; i < BLOCKED; i++)
		blocks(i);
	times_out();
	limits();
	writes_text();
	unlink(plain_path);
	unlink(fifo_path);
	unlink(socket_path);
	rmdir(folder);
	return done();
}
