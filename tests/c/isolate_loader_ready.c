/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_ready: how many libsets are made ahead: none, five, as many as an attribute says. What was made is known
 * from the constructors of a library, which tell the program. */
#include <sys/wait.h>
#include <stdatomic.h>
#include <unistd.h>
#include "helpers.h"

int order_begun_C(void);

static _Atomic int made;
void loader_log(char letter);
void loader_log(char letter) { made += letter == 'C'; }

static void pause_inside(void *arg)
{
	*(int *)arg = order_begun_C();
	inger_pause();
}

/* Waits for as long as the test may take: on another thread they are made. */
static bool are_made(int wanted)
{
	while (made < wanted)
		usleep(1000);
	return made == wanted;
}

static int launched;
static linger_t launch_one(uint32_t libsets)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.libsets = libsets;
	launched = 0;
	return inger_launch_attr(pause_inside, TO_COMPLETION, &launched, &attr);
}

/* The option is read when a process begins, so each number has a process of its own, which ends with how many of its
 * expectations were wrong. */
static int wrong;
static void expect(bool good, const char *what)
{
	if (good)
		return;
	diag("INGER_LIBSETS=%s: %s: not so; %d were made", getenv("INGER_LIBSETS"), what, made);
	wrong++;
}

static void none_ahead(void)
{
	linger_t calls[5];
	for (int i = 0; i < 5; i++) {
		calls[i] = launch_one(0);
		expect(calls[i].continuation && launched == 1, "a function has its libset");
		expect(made == 2 + i, "none is made ahead");
	}
	expect(cancel(&calls[4]) == 0, "one is given up");
	expect(launch_one(0).continuation && made == 7, "the next has one made for it");
	expect(launch_one(3).continuation && are_made(8 + 3), "with an attribute of 3 there are three");
}

static void five_ahead(void)
{
	linger_t calls[4];
	calls[0] = launch_one(0);
	expect(calls[0].continuation && are_made(2 + 5), "five are made ahead");
	for (int i = 1; i < 4; i++)
		calls[i] = launch_one(2); /* at least */
	expect(calls[3].continuation && are_made(2 + 5 + 3), "they are replaced when they are used");
	expect(finish(&calls[0], TO_COMPLETION) == 1, "one completes");
	expect(launch_one(0).continuation && made == 10, "its libset is used again");
}

static int run_with(const char *libsets)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		setenv("INGER_LIBSETS", libsets, 1);
		execl("/proc/self/exe", "isolate_loader_ready", libsets, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("fork");
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		strcmp(argv[1], "0") ? five_ahead() : none_ahead();
		return wrong;
	}
	plan(2);
	is_int(run_with("0"), 0, "INGER_LIBSETS=0: none is made ahead, until an attribute asks for three");
	is_int(run_with("5"), 0, "INGER_LIBSETS=5: five are ready at any time");
	return done();
}
