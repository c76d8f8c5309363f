/* SPDX-License-Identifier: Apache-2.0 */
/* neutral.c - neutral.t: prints what a program can see of itself that a preloaded library could change, and what functions do that
 * the library has wrappers of, old versions among them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define OLD(name, version) __asm__(".symver old_" #name ", " #name "@" version)
OLD(posix_spawn, "GLIBC_2.2.5");
OLD(fmemopen, "GLIBC_2.2.5");
OLD(regexec, "GLIBC_2.2.5");
OLD(pthread_cond_init, "GLIBC_2.2.5");
OLD(pthread_cond_wait, "GLIBC_2.2.5");
OLD(pthread_cond_signal, "GLIBC_2.2.5");
OLD(pthread_cond_broadcast, "GLIBC_2.2.5");
OLD(pthread_cond_destroy, "GLIBC_2.2.5");
OLD(pthread_setaffinity_np, "GLIBC_2.3.3");
OLD(timer_create, "GLIBC_2.2.5");
OLD(timer_settime, "GLIBC_2.2.5");
OLD(timer_delete, "GLIBC_2.2.5");
OLD(memcpy, "GLIBC_2.2.5");
struct old_cond { void *only; };
int old_posix_spawn(pid_t *, const char *, const void *, const void *, char *const[], char *const[]);
FILE *old_fmemopen(void *, size_t, const char *);
int old_regexec(const regex_t *, const char *, size_t, regmatch_t[], int);
int old_pthread_cond_init(struct old_cond *, const void *);
int old_pthread_cond_wait(struct old_cond *, pthread_mutex_t *);
int old_pthread_cond_signal(struct old_cond *);
int old_pthread_cond_broadcast(struct old_cond *);
int old_pthread_cond_destroy(struct old_cond *);
int old_pthread_setaffinity_np(pthread_t, const cpu_set_t *);
int old_timer_create(clockid_t, struct sigevent *, int *);
int old_timer_settime(int, int, const struct itimerspec *, struct itimerspec *);
int old_timer_delete(int);
void *old_memcpy(void *, const void *, size_t);

static volatile int handled;
static void handler(int sig) { handled += sig; }

struct kernel_action { void *handler; unsigned long flags; void *restorer; uint64_t mask; };

static void state(const char *when)
{
	uint64_t mask = 0, pending = 0;
	int threads = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	syscall(SYS_rt_sigpending, &pending, 8);
	for (int sig = 1; sig <= 64; sig++) {
		struct kernel_action a = {0};
		if (syscall(SYS_rt_sigaction, sig, NULL, &a, 8) == 0 && (a.handler || a.flags || a.mask))
			printf("%s: signal %d: %s, flags %lx, mask %llx\n", when, sig,
			       a.handler == (void *)SIG_IGN ? "ignored" : !a.handler ? "default" : a.handler == (void *)handler ? "ours" : "somebody's",
			       a.flags, (unsigned long long)a.mask);
	}
	printf("%s: blocked %llx, pending %llx\n", when, (unsigned long long)mask, (unsigned long long)pending);
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *d; tasks && (d = readdir(tasks));)
		threads += d->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	printf("%s: %d threads, descriptors", when, threads);
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	const char *single = dlsym(RTLD_DEFAULT, "__libc_single_threaded");
	stack_t stack;
	sigaltstack(NULL, &stack);
	printf("\n%s: single-threaded %d, alternate stack %d, errno %d\n", when, single ? *single : -1, stack.ss_flags, errno);
}

static void spawns(const char *script)
{
	char *argv[] = {(char *)script, "word", NULL};
	pid_t pid;
	int status, error;

	error = posix_spawn(&pid, script, NULL, NULL, argv, environ);
	printf("posix_spawn of a script without #!: %s\n", strerror(error));
	error = old_posix_spawn(&pid, script, NULL, NULL, argv, environ);
	if (!error)
		waitpid(pid, &status, 0);
	printf("old posix_spawn: %s, status %x\n", strerror(error), error ? 0 : status);
}

static void streams(FILE *(*open)(void *, size_t, const char *), const char *name)
{
	char buffer[16] = "0123456789", line[32] = "";
	FILE *f = open(buffer, 10, "r+");
	int s = f ? fseek(f, 0, SEEK_END) : -1;
	long end = f ? ftell(f) : -1;

	if (f) {
		rewind(f);
		if (!fgets(line, sizeof line, f))
			line[0] = 0;
		fclose(f);
	}
	printf("%s: %d %d %ld \"%s\"", name, f != NULL, s, end, line);
	f = open(NULL, 0, "w");
	printf(" %s", f ? "opens nothing" : strerror(errno));
	if (f)
		fclose(f);
	memset(buffer, 'x', sizeof buffer);
	f = open(buffer, 8, "w+b");
	fputs("abc", f);
	fclose(f);
	printf(" %.8s\n", buffer);
}

static void patterns(int (*match)(const regex_t *, const char *, size_t, regmatch_t[], int), const char *name)
{
	regex_t r;
	regmatch_t m[1] = {{2, 6}};

	regcomp(&r, "b+", REG_EXTENDED);
	int error = match(&r, "bbaabbbbb", 1, m, REG_STARTEND);
	printf("%s: %d at %d to %d\n", name, error, (int)m[0].rm_so, (int)m[0].rm_eo);
	regfree(&r);
}

static struct { struct old_cond cond; uint64_t canary[8]; } old = {.canary = {1, 2, 3, 4, 5, 6, 7, 8}};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int turn;

static void *waiter(void *unused)
{
	pthread_mutex_lock(&mutex);
	while (turn == 0)
		old_pthread_cond_wait(&old.cond, &mutex);
	turn = 2;
	old_pthread_cond_broadcast(&old.cond);
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void conditions(void)
{
	pthread_t thread;

	old_pthread_cond_init(&old.cond, NULL);
	pthread_create(&thread, NULL, waiter, NULL);
	pthread_mutex_lock(&mutex);
	turn = 1;
	old_pthread_cond_signal(&old.cond);
	while (turn != 2)
		old_pthread_cond_wait(&old.cond, &mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	old_pthread_cond_destroy(&old.cond);
	printf("old conditions: turn %d, behind it %d\n", turn, (int)(old.canary[0] + old.canary[7]));
	cpu_set_t set;
	sched_getaffinity(0, sizeof set, &set);
	printf("old affinity: %d\n", old_pthread_setaffinity_np(pthread_self(), &set));
}

static void timers(void)
{
	struct { int id, canary; } t = {-1, 12345};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 63};
	struct itimerspec when = {.it_value = {0, 1000000}};
	sigset_t one;
	siginfo_t info;

	sigemptyset(&one);
	sigaddset(&one, 63);
	sigprocmask(SIG_BLOCK, &one, NULL);
	int error = old_timer_create(CLOCK_MONOTONIC, &event, &t.id);
	int set = old_timer_settime(t.id, 0, &when, NULL);
	int got = sigwaitinfo(&one, &info);
	printf("old timers: %d %d, signal %d, behind it %d, deleted %d\n", error, set, got, t.canary, old_timer_delete(t.id));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void signals(void)
{
	sigset_t all, old_mask;
	siginfo_t info;
	int sum = 0;
	struct signalfd_siginfo read_info = {0};

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old_mask);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigqueue(getpid(), sig, (union sigval){.sival_int = sig});
	state("all blocked");
	int fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	for (int n = 0; n < 10 && read(fd, &read_info, sizeof read_info) == sizeof read_info; n++)
		sum += (int)read_info.ssi_int;
	close(fd);
	struct timespec none = {0, 0};
	while (sigtimedwait(&all, &info, &none) > 0)
		sum += info.si_value.sival_int;
	printf("collected %d\n", sum);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESETHAND};
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33)
			sigaction(sig, &a, NULL);
	signal(SIGUSR1, handler);
	sysv_signal(SIGUSR2, handler);
	sigignore(SIGPIPE);
	state("handled");
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33)
			raise(sig);
	printf("handled %d\n", handled);
	state("reset");
	for (int sig = 1; sig <= 64; sig++)
		signal(sig, SIG_DFL);
}

static void *alarms(void *thread)
{
	usleep(20000);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void suspensions(void)
{
	pthread_t self = pthread_self(), thread;
	sigset_t none;

	sigemptyset(&none);
	for (int i = 0; i < 3; i++) {
		signal(SIGUSR1, handler);
		pthread_create(&thread, NULL, alarms, &self);
		int result = i == 0 ? sigpause(SIGUSR1) : i == 1 ? sigsuspend(&none) : pause();
		printf("suspended: %d %s\n", result, strerror(errno));
		pthread_join(thread, NULL);
	}
	signal(SIGUSR1, SIG_DFL);
}

int main(int c, char **v)
{
	glob_t g;
	char a[8] = "abcdefg";

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	state("start");
	spawns(c > 1 ? v[1] : "script");
	streams(fmemopen, "fmemopen");
	streams(old_fmemopen, "old fmemopen");
	patterns(regexec, "regexec");
	patterns(old_regexec, "old regexec");
	signals();
	timers();
	state("single");
	conditions();
	suspensions();
	printf("%s\n", (char *)old_memcpy(a + 1, "xyz", 3));
	printf("glob %d %zu\n", glob("/etc/hos*", 0, NULL, &g), g.gl_pathc);
	printf("posix_spawn is %sthe same for dlsym\n", dlsym(RTLD_DEFAULT, "posix_spawn") == (void *)posix_spawn ? "" : "not ");
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	printf("malloc is %sthe same for libc's handle\n", dlsym(libc, "malloc") == (void *)malloc ? "" : "not ");
	printf("the old regexec is %sthe old one\n", dlvsym(libc, "regexec", "GLIBC_2.2.5") == (void *)old_regexec ? "" : "not ");
	state("end");
	return 0;
}
