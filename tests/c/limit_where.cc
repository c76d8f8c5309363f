// SPDX-License-Identifier: Apache-2.0
// limit_where: calls reach the limit whatever way they take through the dynamic linker, and a program all of whose functions have
// limits behaves as without.
#include <dirent.h>
#include <dlfcn.h>
#include <cmath>
#include <poll.h>
#include <semaphore.h>
#include <sys/select.h>
#include <csetjmp>
#include <fstream>
#include <iostream>
#include <spawn.h>
#include <sys/mman.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/time.h>
#include <thread>
#include <ucontext.h>
#include <vector>
#include <mutex>
#include <algorithm>
#include "limit.h"
#include "limit_where.h"

static const long given_up = -77;
#define SPIN_RULES "liblimit_where.so:*spin*=500us:return=-77\nliblimit_where.so:where_weak=500us:return=-77\n" \
	"liblimit_where.so:Shape::turn=500us:return=-77\nliblimit_where.so:where_hidden=500us:return=-78\n"
static const char rules[] = SPIN_RULES "liblimit_where.so:where_*=1h:return=-78";

static uint64_t seed;

// Parts say what is wrong, and how often.
static int wrongs;
#define CHECK(condition)                                                  \
	do {                                                              \
		if (!(condition) && wrongs++ < 5)                         \
			diag("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

// ---- ways

static where_function *const table[] = {where_spin, where_quick};
static where_function *pointer = where_spin;

static void calls()
{
	for (int i = 0; i < 20; i++) {
		CHECK(where_spin(i) == given_up);
		CHECK(where_quick(i) == i + 1);
	}
}
static void libraries()
{
	for (int i = 0; i < 20; i++) {
		CHECK(user_calls(i) == given_up + 10);
		CHECK(user_quick(i) == i + 11);
	}
}
static void tables()
{
	for (int i = 0; i < 20; i++) {
		CHECK(table[i % 2](i) == (i % 2 ? i + 1 : given_up));
		CHECK(pointer(i) == given_up);
		CHECK(user_table(i % 2, i) == (i % 2 ? i + 1 : given_up));
	}
}
static void pointers()
{
	where_function *volatile here = where_spin;
	for (int i = 0; i < 10; i++) {
		CHECK(here(i) == given_up);
		user_pointer = where_spin;
		CHECK(user_stored(i) == given_up);
		user_pointer = where_quick;
		CHECK(user_stored(i) == i + 1);
	}
	CHECK(here == where_spin && here == table[0]); // one address
}
struct Square : Shape {
	long grow(long value) override { return size += 2 * value; }
};
static void virtuals()
{
	Shape *shapes[] = {make_shape(), new Square};
	for (int i = 0; i < 10; i++) {
		Shape *volatile shape = shapes[i % 2];
		long before = shape->size;
		CHECK(shape->turn(i) == given_up);
		CHECK(shape->grow(i) == before + (i % 2 ? 2 : 1) * i);
	}
	delete shapes[0];
	delete shapes[1];
}
static void weak()
{
	CHECK(&where_weak != nullptr && where_weak(1) == given_up);
	CHECK(&where_absent == nullptr);
}
static void chosen()
{
	CHECK(where_chosen(1) == 3);
	CHECK(where_chosen_spin(1) == given_up);
}
static void inside_one_library()
{
	CHECK(where_inside(1) == 4); // does not pass the linker
}

static std::string next_to_us(const char *file)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	std::string here(path, n < 0 ? 0 : static_cast<size_t>(n));
	return here.substr(0, here.rfind('/') + 1) + file;
}

static void opened(const char *file, int mode)
{
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(next_to_us(file).c_str(), mode);
		CHECK(library != nullptr);
		if (!library)
			return;
		where_function *user = reinterpret_cast<where_function *>(dlsym(library, "user_calls"));
		where_function *quick = reinterpret_cast<where_function *>(dlsym(library, "user_quick"));
		long (*by_table)(int, long) = reinterpret_cast<long (*)(int, long)>(dlsym(library, "user_table"));
		CHECK(user && user(1) == given_up + 10);
		CHECK(quick && quick(1) == 12);
		CHECK(by_table && by_table(0, 1) == given_up && by_table(1, 1) == 2);
		dlclose(library);
	}
}
static void opened_lazy() { opened("liblimit_lazy.so", RTLD_LAZY | RTLD_LOCAL); }
static void opened_now() { opened("liblimit_now.so", RTLD_NOW | RTLD_GLOBAL); }

static void looked_up()
{
	void *library = dlopen("liblimit_where.so", RTLD_NOW | RTLD_NOLOAD);
	for (void *handle : {library, RTLD_DEFAULT, dlopen(nullptr, RTLD_NOW)}) {
		where_function *spin = reinterpret_cast<where_function *>(dlsym(handle, "where_spin"));
		where_function *quick = reinterpret_cast<where_function *>(dlsym(handle, "where_quick"));
		CHECK(spin && spin(1) == given_up);
		CHECK(quick && quick(1) == 2);
		CHECK(spin == where_spin);
		CHECK(dlsym(handle, "where_nothing") == nullptr && dlerror() != nullptr);
	}
}

// ---- handlers and other stacks

static volatile long handled;
static void calls_quick(int)
{
	if (where_quick(handled) == handled + 1 && where_call(where_quick, handled) == handled + 2)
		handled = handled + 1;
	else
		wrongs++;
}
static void every(long us)
{
	struct itimerval t = {{0, us}, {0, us}};
	setitimer(ITIMER_REAL, &t, nullptr);
}
static __attribute__((noinline)) void call_all_the_time(long least)
{
	for (int i = 0; i < 200000000 && handled < least; i++) {
		CHECK(where_call(where_quick, i) == i + 2);
		CHECK(user_quick(i) == i + 11);
		if (i % 1000 == 0)
			CHECK(where_spin(i) == given_up);
	}
	every(0);
	CHECK(handled >= least);
}
static void install(int flags)
{
	struct sigaction action = {};
	action.sa_handler = calls_quick;
	action.sa_flags = flags;
	sigaction(SIGALRM, &action, nullptr);
}
static void handlers()
{
	install(SA_RESTART);
	every(150);
	call_all_the_time(3000);
}
// The alternate stack is above the frames that it interrupts, and below those.
static void handlers_above()
{
	char above[65536];
	stack_t stack = {};
	stack.ss_sp = above;
	stack.ss_size = sizeof above;
	sigaltstack(&stack, nullptr);
	install(SA_RESTART | SA_ONSTACK);
	every(150);
	call_all_the_time(2000);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, nullptr);
}
static void handlers_elsewhere()
{
	stack_t stack = {};
	stack.ss_sp = malloc(65536);
	stack.ss_size = 65536;
	sigaltstack(&stack, nullptr);
	install(SA_RESTART | SA_ONSTACK);
	every(150);
	call_all_the_time(2000);
}
static void handlers_in_thread()
{
	sigset_t alarm_only;
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, nullptr); // it comes to the thread
	std::thread([&] {
		pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
		handlers_above();
	}).join();
}
// The first limited call of the thread is in a handler, which has interrupted the allocator.
static void first_in_handler()
{
	install(SA_RESTART);
	every(50);
	for (int i = 0; handled < 200; i++)
		free(malloc(static_cast<size_t>(i % 100000)));
	every(0);
	CHECK(where_spin(1) == given_up);
}
static void first_in_handlers_of_threads()
{
	struct sigaction action = {};
	action.sa_handler = calls_quick;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, nullptr);
	for (int i = 0; i < 300; i++) {
		volatile bool stop = false;
		std::thread thread([&] {
			while (!stop)
				free(malloc(50000));
		});
		usleep(static_cast<useconds_t>(random_range(&seed, 0, 300)));
		pthread_kill(thread.native_handle(), SIGUSR1);
		usleep(200);
		stop = true;
		thread.join();
	}
	CHECK(handled == 300);
}

// A thread that has made limited calls waits, and is cancelled: outside of limited calls, and inside of one.
static int wait_pipe[2];
static sem_t wait_semaphore;
static const struct Wait {
	const char *name;
	void (*wait)();
} waits[] = {
	{"pause", [] { pause(); }},
	{"sigsuspend", [] { sigset_t none; sigemptyset(&none); sigsuspend(&none); }},
	{"nanosleep", [] { struct timespec t = {1000, 0}; nanosleep(&t, nullptr); }},
	{"usleep", [] { usleep(900000000); }},
	{"sleep", [] { sleep(1000); }},
	{"read", [] { char byte; if (read(wait_pipe[0], &byte, 1)) return; }},
	{"poll", [] { struct pollfd p = {wait_pipe[0], POLLIN, 0}; poll(&p, 1, -1); }},
	{"select", [] { fd_set set; FD_ZERO(&set); FD_SET(wait_pipe[0], &set); select(wait_pipe[0] + 1, &set, nullptr, nullptr, nullptr); }},
	{"sem_wait", [] { sem_wait(&wait_semaphore); }},
	{"sigwait", [] { sigset_t set; int number; sigemptyset(&set); sigaddset(&set, SIGUSR2); sigwait(&set, &number); }},
	{"pthread_testcancel", [] { pthread_testcancel(); }},
};
static long waits_inside(long which)
{
	waits[which].wait();
	return which;
}
static void *waits_in_thread(void *arg)
{
	long which = reinterpret_cast<long>(arg);
	CHECK(where_quick(which) == which + 1);
	for (;;) {
		if (which < 1000)
			waits[which].wait();
		else
			where_call(waits_inside, which - 1000);
	}
}
static void cancelled_waits()
{
	sem_init(&wait_semaphore, 0, 0);
	CHECK(pipe(wait_pipe) == 0);
	for (size_t i = 0; i < 2 * sizeof waits / sizeof *waits; i++) {
		pthread_t thread;
		void *result = nullptr;
		struct timespec until;
		size_t which = i / 2;
		if (pthread_create(&thread, nullptr, waits_in_thread, reinterpret_cast<void *>(which + (i % 2 ? 1000 : 0))) != 0)
			bail("pthread_create");
		usleep(3000);
		pthread_cancel(thread);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 2; // only an error uses it up
		if (pthread_timedjoin_np(thread, &result, &until) != 0 || result != PTHREAD_CANCELED) {
			diag("%s(), %s a limited function, is not cancelled", waits[which].name, i % 2 ? "inside" : "outside of");
			wrongs++;
		}
	}
}

// Coroutines inside limited functions, which go on and end in any order. Calls on their stacks have no limits.
#define FIBERS 12
static ucontext_t main_context, fiber_context[FIBERS];
static char *fiber_stack[FIBERS];
static int fiber_now, fiber_done[FIBERS];
static long switches(long value)
{
	swapcontext(&fiber_context[fiber_now], &main_context);
	return value * 2;
}
static void fiber()
{
	int me = fiber_now;
	for (int i = 0; i < 20; i++) {
		CHECK(where_call(switches, i) == i * 2 + 1);
		CHECK(where_quick(i) == i + 1);
		CHECK(where_call([](long value) { return where_call(switches, value); }, i) == i * 2 + 2);
	}
	fiber_done[me] = 1;
	swapcontext(&fiber_context[me], &main_context);
}
static void start_fiber(int n)
{
	fiber_done[n] = 0;
	getcontext(&fiber_context[n]);
	if (!fiber_stack[n])
		fiber_stack[n] = static_cast<char *>(mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	fiber_context[n].uc_stack.ss_sp = fiber_stack[n];
	fiber_context[n].uc_stack.ss_size = 65536;
	fiber_context[n].uc_link = nullptr;
	makecontext(&fiber_context[n], fiber, 0);
}
static void fibers()
{
	for (int i = 0; i < FIBERS; i++)
		start_fiber(i);
	for (int left = FIBERS; left > 0;) {
		fiber_now = static_cast<int>(random_range(&seed, 0, FIBERS - 1));
		if (fiber_done[fiber_now])
			continue;
		swapcontext(&main_context, &fiber_context[fiber_now]);
		CHECK(where_quick(left) == left + 1);
		left -= fiber_done[fiber_now];
	}
	CHECK(where_spin(1) == given_up);
}
// Coroutines that are dropped in the middle, with their stacks: their calls must not use up what there is.
static void fibers_dropped()
{
	for (int i = 0; i < 2000; i++) {
		int n = i % FIBERS;
		start_fiber(n);
		fiber_now = n;
		for (uint64_t turns = random_range(&seed, 1, 5); turns > 0 && !fiber_done[n]; turns--)
			swapcontext(&main_context, &fiber_context[n]);
		munmap(fiber_stack[n], 65536);
		fiber_stack[n] = nullptr;
		CHECK(where_quick(i) == i + 1);
		if (i % 100 == 0)
			CHECK(where_spin(i) == given_up);
	}
	CHECK(where_call(where_spin, 1) == given_up + 1);
}

// ---- a program as they are; what it sees goes to stderr

static void say(const char *format, ...)
{
	char line[300];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	line[n] = '\n';
	if (write(2, line, static_cast<size_t>(n) + 1) < 0)
		wrongs++;
}

static jmp_buf jump_place;
static sigjmp_buf signal_place;
static int by_number(const void *a, const void *b) { return *static_cast<const int *>(a) - *static_cast<const int *>(b); }
static volatile sig_atomic_t alarms;
static void at_exit_one() { say("exit handler one"); }
static void at_exit_two() { say("exit handler two"); }
static void at_exit_with(int status, void *arg) { say("exit handler %s, status %d", static_cast<char *>(arg), status); }
static int end_of(pid_t pid)
{
	int status = limit_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
static pthread_key_t key;
static void key_gone(void *value) { say("key %s", static_cast<char *>(value)); }
static void *thread_main(void *arg)
{
	pthread_setspecific(key, arg);
	free(malloc(1000));
	return const_cast<char *>("from the thread");
}
static void cleanup(void *arg) { say("cleanup %s", static_cast<char *>(arg)); }
static void *cancelled(void *)
{
	pthread_cleanup_push(cleanup, const_cast<char *>("of the cancelled"));
	for (;;)
		pause();
	pthread_cleanup_pop(0);
}
static void *exits(void *)
{
	pthread_exit(const_cast<char *>("exited"));
}
static volatile int thrower_calls;
static int throws_in_sort(const void *, const void *)
{
	if (++thrower_calls > 3)
		throw std::runtime_error("in a comparison");
	return 0;
}

static void jumps()
{
	volatile int rounds = 0;
	if (setjmp(jump_place) < 5) {
		rounds = rounds + 1;
		longjmp(jump_place, rounds);
	}
	say("longjmp %d", rounds);
	rounds = 0;
	if (sigsetjmp(signal_place, 1) < 5) {
		rounds = rounds + 1;
		siglongjmp(signal_place, rounds);
	}
	say("siglongjmp %d", rounds);
}

static void processes()
{
	extern char **environ;
	pid_t pid = fork();
	if (pid == 0)
		_exit(static_cast<int>(strlen("three")) - 2);
	say("fork %d", end_of(pid));
	char *const argv[] = {const_cast<char *>("sh"), const_cast<char *>("-c"), const_cast<char *>("exit 4"), nullptr};
	pid = vfork();
	if (pid == 0) {
		execv("/bin/sh", argv);
		_exit(99);
	}
	say("vfork %d", end_of(pid));
	pid = fork();
	if (pid == 0) {
		execvp("sh", argv);
		_exit(99);
	}
	say("execvp %d", end_of(pid));
	if (posix_spawn(&pid, "/bin/sh", nullptr, nullptr, argv, environ) == 0)
		say("posix_spawn %d", end_of(pid));
	say("system %d", WEXITSTATUS(system("exit 6")));
	char line[100] = "";
	FILE *from = popen("echo from a pipe", "r");
	if (from && fgets(line, sizeof line, from))
		say("popen %s", line);
	say("pclose %d", from ? pclose(from) : -1);
	pid = fork();
	if (pid == 0)
		abort();
	say("abort %d", end_of(pid));
	pid = fork();
	if (pid == 0)
		exit(7); // with the handlers of exit
	say("exit %d", end_of(pid));
}

static void threads()
{
	pthread_t thread;
	void *result = nullptr;
	pthread_key_create(&key, key_gone);
	pthread_create(&thread, nullptr, thread_main, const_cast<char *>("of a thread"));
	pthread_join(thread, &result);
	say("thread %s", static_cast<char *>(result));
	pthread_create(&thread, nullptr, cancelled, nullptr);
	usleep(1000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	say("cancelled %d", result == PTHREAD_CANCELED);
	pthread_create(&thread, nullptr, exits, nullptr);
	pthread_join(thread, &result);
	say("exited %s", static_cast<char *>(result));
	std::once_flag once;
	int n = 0;
	try {
		std::call_once(once, [] { throw std::runtime_error("once"); });
	} catch (const std::runtime_error &error) {
		n++;
	}
	std::call_once(once, [&] { n += 10; });
	std::thread other([&] { n += 100; });
	other.join();
	say("std::thread and call_once %d", n);
}

static void signals()
{
	struct sigaction action = {};
	action.sa_handler = [](int) { alarms = alarms + 1; };
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, nullptr);
	struct itimerval t = {{0, 1000}, {0, 1000}};
	setitimer(ITIMER_REAL, &t, nullptr);
	while (alarms < 20)
		pause();
	every(0);
	say("alarms came");
	raise(SIGALRM);
	say("raised");
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	kill(getpid(), SIGUSR1);
	int number = 0;
	sigwait(&set, &number);
	say("sigwait %d", number == SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, nullptr);
}

static void contexts()
{
	static ucontext_t here, there;
	static char stack[65536];
	static int steps;
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof stack;
	there.uc_link = &here;
	makecontext(&there, reinterpret_cast<void (*)()>(+[] {
		for (int i = 0; i < 5; i++) {
			steps++;
			swapcontext(&there, &here);
		}
	}), 0);
	for (int i = 0; i < 6; i++)
		swapcontext(&here, &there);
	say("swapcontext %d", steps);
	volatile int turns = 0;
	ucontext_t again;
	getcontext(&again);
	turns = turns + 1;
	if (turns < 5)
		setcontext(&again);
	say("setcontext %d", turns);
}

static void functions()
{
	int numbers[] = {5, 3, 9, 1, 7}, seven = 7;
	qsort(numbers, 5, sizeof *numbers, by_number);
	int *found = static_cast<int *>(bsearch(&seven, numbers, 5, sizeof *numbers, by_number));
	say("qsort %d %d %d, bsearch %ld", numbers[0], numbers[2], numbers[4], found ? found - numbers : -1L);
	try {
		qsort(numbers, 5, sizeof *numbers, throws_in_sort);
	} catch (const std::runtime_error &error) {
		say("thrown %s", error.what());
	}
	char text[100], copy[100];
	snprintf(text, sizeof text, "%d %s %.3f %c %Lf", 12, "text", 2.5, 'c', 1.25L);
	say("%s, %zu, %d", text, strlen(text), memcmp(text, memcpy(copy, text, sizeof text), sizeof text));
	say("%d %g %s", atoi("123"), strtod("2.75", nullptr), strstr("a needle in it", "needle"));
	say("%.6f %.6f %.6f", std::sin(1.0), std::pow(2.0, 0.5), static_cast<double>(std::exp(1.0f)));
	setenv("LIMIT_WHERE", "set", 1);
	say("getenv %s", getenv("LIMIT_WHERE"));
	DIR *directory = opendir("/");
	int entries = 0;
	while (directory && readdir(directory))
		entries++;
	closedir(directory);
	say("readdir %d", entries > 3);
	struct tm tm = {};
	time_t when = 86400 * 365;
	gmtime_r(&when, &tm);
	say("gmtime %d", tm.tm_year);
	FILE *f = tmpfile();
	fprintf(f, "a line\nanother\n");
	rewind(f);
	char *line = nullptr;
	size_t room = 0;
	while (getline(&line, &room, f) > 0)
		say("getline %s", line);
	free(line);
	fclose(f);
	std::ostringstream out;
	out << 1 << " " << 2.5 << " " << std::string("three") << std::endl;
	std::vector<std::string> words = {"b", "c", "a"};
	std::sort(words.begin(), words.end());
	say("stream %s%s%s", out.str().c_str(), words[0].c_str(), words[2].c_str());
	try {
		words.at(10);
	} catch (const std::out_of_range &) {
		say("out_of_range");
	}
	try {
		std::stoi("none");
	} catch (const std::invalid_argument &) {
		say("invalid_argument");
	}
	void *library = dlopen("libm.so.6", RTLD_NOW);
	double (*cosine)(double) = library ? reinterpret_cast<double (*)(double)>(dlsym(library, "cos")) : nullptr;
	say("dlsym %.3f", cosine ? cosine(0) : -1);
	say("dlclose %d", library ? dlclose(library) : -1);
	bool none = dlopen("/no/library", RTLD_NOW) == nullptr;
	say("dlopen %d, %d", none, dlerror() != nullptr);
	std::cerr << "std::cerr " << 5 << std::endl;
	Dl_info info;
	say("dladdr %d", dladdr(reinterpret_cast<void *>(&at_exit_one), &info) != 0);
	Shape *shape = make_shape();
	shape->size = 0;
	say("virtual %ld", shape->grow(4));
	delete shape;
	say("libraries %ld %ld", user_quick(1), where_call(where_quick, 1));
}

static int whole_program()
{
	atexit(at_exit_one);
	atexit(at_exit_two);
	on_exit(at_exit_with, const_cast<char *>("with status"));
	jumps();
	functions();
	signals();
	contexts();
	threads();
	processes();
	say("at the end");
	exit(wrongs ? 1 : 3);
}

// ---- 

static const struct Part {
	const char *what;
	void (*run)();
} parts[] = {
	{"a call of the program", calls},
	{"a call of another library", libraries},
	{"a table of functions in initialised data", tables},
	{"a pointer that is taken at run time, and given to a library", pointers},
	{"virtual functions, also where the program's class inherits them", virtuals},
	{"weak symbols; absent ones stay absent", weak},
	{"functions that are chosen when the program starts (IFUNC)", chosen},
	{"what is called inside of one library has no limit", inside_one_library},
	{"a library that is opened later, bound lazily", opened_lazy},
	{"a library that is opened later, bound at once", opened_now},
	{"what dlsym() finds", looked_up},
	{"handlers that call limited functions", handlers},
	{"on an alternate stack above", handlers_above},
	{"on an alternate stack elsewhere", handlers_elsewhere},
	{"on an alternate stack, in a thread", handlers_in_thread},
	{"the first limited call in a handler", first_in_handler},
	{"the first limited call of a thread in a handler", first_in_handlers_of_threads},
	{"threads are cancelled as without", cancelled_waits},
	{"coroutines inside limited functions", fibers},
	{"coroutines that are dropped inside limited functions", fibers_dropped},
};
#define PARTS static_cast<int>(sizeof parts / sizeof *parts)

static const char *const everything[] = {
	"*=5s:log", "*=1h:return=-1", "libc.so.6:*=1h:abort", "libstdc++.so:*=1h:abort\nlibm.so:*=1h:abort", "mem*=1h\nstr*=1h",
};
#define EVERYTHING static_cast<int>(sizeof everything / sizeof *everything)

int main(int argc, char **argv)
{
	(void)argc;
	int number;
	unsigned long long given;
	if (strcmp(argv[0], "whole program") == 0)
		return whole_program();
	if (sscanf(argv[0], "part %d seed %llu", &number, &given) == 2) {
		seed = given;
		parts[number].run();
		return wrongs != 0;
	}
	plan(PARTS + 1 + 2 * EVERYTHING);
	uint64_t random = random_seed();
	for (int i = 0; i < PARTS; i++) {
		char name[60];
		snprintf(name, sizeof name, "part %d seed %llu", i, static_cast<unsigned long long>(random_next(&random) >> 1));
		struct limit_end end = limit_child(rules, name, nullptr);
		if (!ok(end.status == 0, "%s", parts[i].what))
			limit_show(&end);
	}
	struct limit_end without = limit_child(nullptr, "whole program", nullptr);
	if (!ok(WIFEXITED(without.status) && WEXITSTATUS(without.status) == 3, "a program without limits"))
		limit_show(&without);
	for (const char *all : everything) {
		struct limit_end end = limit_child(all, "whole program", nullptr);
		char name[100];
		snprintf(name, sizeof name, "%s", all);
		std::replace(name, name + sizeof name, '\n', ' ');
		ok(end.status == without.status, "%s: it ends in the same way", name);
		if (!ok(strcmp(end.said, without.said) == 0, "%s: it sees the same", name)) {
			size_t same = 0;
			while (end.said[same] && end.said[same] == without.said[same])
				same++;
			while (same > 0 && end.said[same - 1] != '\n')
				same--;
			diag("it said %.200s", end.said + same);
			diag("and not %.200s", without.said + same);
		}
	}
	return done();
}
