/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_order: constructors of a libset run once, in the order of need; destructors in gotcha_close() only.
 * And libraries that are odd: with a function that is nowhere, and without a file. */
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gotcha.h"
#include "helpers.h"

int order_begun_A(void);
int order_begun_B(void);
int order_begun_C(void);

static char *text; /* shared with children */
static char early[32];

/* From constructors that run before main(), too. */
void loader_log(char letter);
void loader_log(char letter)
{
	char *end = text ? text : early;
	end += strlen(end);
	end[0] = letter, end[1] = 0;
}

static bool logged(const char *want)
{
	bool same = !strcmp(text, want);
	if (!same)
		diag("log: %s, want %s", text, want);
	text[0] = 0;
	return same;
}

/* Constructors, of one libset after the other: besides the one that is used another is made ahead. */
static bool in_order(void)
{
	for (int i = 0; text[i]; i++)
		if (text[i] != "CBA"[i % 3])
			return false;
	return true;
}

/* What ends at the end of a process, while libsets may still be made ahead. */
static void forget_constructors(void)
{
	char *to = text;
	for (const char *from = text; *from; from++)
		if (*from < 'A' || *from > 'Z')
			*to++ = *from;
	*to = 0;
}

static void ask(void *arg)
{
	int *begun = arg;
	begun[0] = order_begun_A(), begun[1] = order_begun_B(), begun[2] = order_begun_C();
	begun[3] = ((int (*)(int))dlsym(RTLD_DEFAULT, "order_missing"))(0);
}

static void exit_in_child(int isolated)
{
	int begun[4] = { 0 };
	if (isolated) {
		linger_t call = launch(ask, TO_COMPLETION, begun);
		if (!call.is_complete || begun[0] != 1)
			_exit(1);
	}
	exit(0);
}

static bool child_logs(int isolated, const char *want)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		exit_in_child(isolated);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return false;
	forget_constructors();
	return logged(want);
}

/* A library whose file is gone can't be mapped again: it stays the starting libset's, the others do not. */
static void *open_and_remove(char *path, size_t size)
{
	char command[9000];
	ssize_t n = readlink("/proc/self/exe", path, size - 64);
	if (n < 0)
		bail("readlink");
	path[n] = 0;
	char *slash = strrchr(path, '/');
	sprintf(slash, "/loader/libloader_gone.%d.so", (int)getpid());
	snprintf(command, sizeof command, "cp %.*s/loader/libloader_table.so %s", (int)(slash - path), path, path);
	if (system(command) != 0)
		bail(command);
	void *handle = dlopen(path, RTLD_NOW);
	unlink(path);
	return handle;
}

static int (*gone_next)(void);
static void call_gone(void *arg) { *(int *)arg = gone_next(); }

int main(void)
{
	char path[4096];
	plan(15);
	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(text, early);
	ok(logged("CBA"), "the dynamic linker begins with what nobody else needs");
	ok(child_logs(0, "a0b1c2"), "the program's end calls the program's own");
	ok(child_logs(1, "a0b1c2"), "and not those of libsets");
	gotcha_t *set = gotcha_open("libloader_order_A.so");
	ok(set, "gotcha_open(): %s", set ? "done" : inger_strerror(errno));
	ok(logged("CBA"), "so does a libset");
	gotcha_t *other = gotcha_open("libloader_order_B.so");
	ok(other && logged("CB"), "and another one of two of the three");
	is_int(((int (*)(void))gotcha_sym(other, "order_begun_B"))(), 1, "once");
	is_int(((int (*)(int))gotcha_sym(set, "order_missing"))(0), 17, "a function that is nowhere does not matter");
	ok(gotcha_close(set) == 0 && logged("012abc"), "it ends in the opposite order, its atexit() functions first");
	ok(gotcha_close(other) == 0 && logged("12bc"), "so does the other");

	void *gone = open_and_remove(path, sizeof path);
	gone_next = gone ? (int (*)(void))dlsym(gone, "table_next") : NULL;
	ok(gone_next, "a library is opened, and its file removed");
	int begun[4] = { 0 }, number = 0;
	linger_t call = launch(ask, TO_COMPLETION, begun);
	ok(call.is_complete && begun[0] == 1 && begun[1] == 1 && begun[2] == 1, "each has begun once in an isolated function");
	is_int(begun[3], 17, "a function that is nowhere does not matter there either");
	ok(strlen(text) >= 3 && in_order(), "in the order of need: %s", text);
	call = launch(call_gone, TO_COMPLETION, &number);
	ok(call.is_complete && number == 1, "a library without a file works on as the program's");
	return done();
}
