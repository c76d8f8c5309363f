// SPDX-License-Identifier: Apache-2.0
// limit_cxx: limited calls that are left by an exception, a jump, or the end of the thread are over. What runs afterwards, also
// deeper on the stack than they were, is not disturbed by their deadlines.
#include <csetjmp>
#include <exception>
#include <execinfo.h>
#include <regex>
#include <sys/time.h>
#include "limit.h"
#include "limit_cxx.h"

static const long given_up = -77;
static const char short_rules[] = "liblimit_cxx.so:cxx_*=1ms:return=-77"; // what comes after takes longer
static const char long_rules[] = "liblimit_cxx.so:cxx_spin=200us:return=-77\nliblimit_cxx.so:cxx_catch_spin=300us:return=-77\nliblimit_cxx.so:cxx_catching=300us:return=-77\nliblimit_cxx.so:*=1h:return=-78";
static const char log_rules[] = "liblimit_cxx.so:cxx_spin=200us:return=-77\nliblimit_cxx.so:*=10us:log";
static const char text_rules[] = "liblimit_cxx.so:text::matches=20ms:return=false";

static uint64_t seed;
static int messages; // calls that the machine's other work has kept until they were given up

// Some milliseconds, from frames deeper than any limited function had.
static __attribute__((noinline)) uint64_t deep(int depth, uint64_t value)
{
	volatile char room[2048];
	for (size_t i = 0; i < sizeof room; i++)
		room[i] = static_cast<char>(depth);
	if (depth > 0)
		value = deep(depth - 1, work(value, 50000));
	for (size_t i = 0; i < sizeof room; i++)
		if (room[i] != static_cast<char>(depth))
			return 0;
	return work(value, 50000);
}
#define DEPTH 30
static uint64_t deep_result;
static int after()
{
	if (!deep_result)
		deep_result = work(5, 50000 * (2 * DEPTH + 1));
	return deep(DEPTH, 5) == deep_result ? 0 : 1;
}

static long throws(long value) { throw Thrown{value, "from the program " + std::to_string(value)}; }
static long library_throws(long value) { return cxx_throw(value); }
static long returns(long value) { return value; }
static long (*volatile next_function)(long); // of the nested ones
static long calls_next(long value) { return cxx_call(next_function, value); }
static long catches_in_the_middle(long value)
{
	try {
		cxx_throw(value);
	} catch (const Thrown &t) {
		return after() ? -1 : t.value;
	}
	return 0;
}
static long nests(long depth)
{
	return depth == 0 ? throws(depth) : cxx_call(nests, depth - 1);
}

// Calls f, which is to throw `want`; it may be given up before it does.
template <typename F> static int thrown(long want, F f)
{
	try {
		if (f() == given_up) {
			messages++;
			return after();
		}
		return 1;
	} catch (const Thrown &t) {
		return (t.value != want) + after();
	}
}

static int callee_throws() { return thrown(7, [] { return cxx_throw(7); }); }
static int program_throws() { return thrown(8, [] { return cxx_call(throws, 8); }); }
static int thrown_again() { return thrown(9, [] { return cxx_rethrow(throws, 9); }); }
static int another_thrown() { return thrown(1010, [] { return cxx_replace(throws, 10); }); }
static int two_libraries() { return thrown(11, [] { next_function = library_throws; return cxx_call(calls_next, 11); }); }
static int many_levels() { return thrown(0, [] { return cxx_call(nests, 30); }); }

// The outer one stands while the inner ones go: its own limit is an hour.
static int caught_in_the_middle()
{
	return cxx_call(catches_in_the_middle, 12) == 13 && cxx_alive == 0 ? 0 : 1;
}
static int caught_by_the_library()
{
	int wrong = cxx_catch(throws, 13) != -13;
	wrong += cxx_catch(library_throws, 14) != -14;
	return wrong + after();
}
static int caught_and_given_up()
{
	return (cxx_catch_spin(throws, 15) != given_up) + (cxx_catch_spin(library_throws, 15) != given_up) + after();
}

// Given up anywhere in the runtime that throws and catches: nothing is being handled afterwards, and everything can be thrown.
static int given_up_while_throwing()
{
	int wrong = cxx_catching(static_cast<long>(random_next(&seed) >> 8)) != given_up;
	int uncaught = std::uncaught_exceptions();
	bool current = std::current_exception() != nullptr;
	if (uncaught || current)
		diag("%d exceptions are thrown, %s", uncaught, current ? "one is being handled" : "none is being handled");
	wrong += uncaught != 0 || current;
	try {
		cxx_throw(16);
	} catch (const Thrown &t) {
		wrong += t.value != 16 || t.text != "thrown 16";
	}
	return wrong;
}
// The program is handling an exception when it calls, and still is afterwards.
static int given_up_while_handling()
{
	int wrong = 0;
	try {
		throws(17);
	} catch (const Thrown &t) {
		wrong += cxx_catching(3) != given_up;
		try {
			throw;
		} catch (const Thrown &again) {
			wrong += &again != &t || again.value != 17;
		}
	}
	return wrong + (std::uncaught_exceptions() != 0) + (std::current_exception() != nullptr);
}

static int clock_hits()
{
	int wrong = 0;
	for (int i = 0; i < 200; i++) {
		wrong += thrown(0, [] { return cxx_call(nests, 6); }) != 0;
		wrong += cxx_catch(library_throws, i) != -i;
	}
	wrong += cxx_spin(0) != given_up;
	return wrong;
}

// ---- jumps

static jmp_buf place;
static sigjmp_buf signal_place;
extern "C" void __longjmp_chk(jmp_buf, int) __attribute__((noreturn));
static void jump(void *) { longjmp(place, 1); }
static void jump_plain(void *) { _longjmp(place, 1); }
static void jump_checked(void *) { __longjmp_chk(place, 1); }
static void jump_signal(void *) { siglongjmp(signal_place, 1); }
static long jump_out(long) { longjmp(place, 1); }

// As users of libpng do it. A call that was given up has returned, with no way to see it.
static __attribute__((noinline)) int jump_out_by(void (*handler)(void *))
{
	if (setjmp(place) == 0) {
		cxx_error(handler, nullptr);
		messages++;
	}
	return after();
}
static int jump_by_longjmp() { return jump_out_by(jump); }
static int jump_by_underscore() { return jump_out_by(jump_plain); }
static int jump_by_checked() { return jump_out_by(jump_checked); }
static int jump_by_siglongjmp()
{
	static volatile int turn;
	turn = turn + 1;
	if (sigsetjmp(signal_place, turn & 1) == 0) {
		cxx_error(jump_signal, nullptr);
		messages++;
	}
	return after();
}
static int jump_out_of_two()
{
	if (setjmp(place) == 0) {
		next_function = jump_out;
		if (cxx_plain([](long value) { return cxx_plain(next_function, value); }, 1) == given_up)
			messages++;
	}
	return after();
}
static int jump_inside()
{
	long value = cxx_jump_inside(5);
	messages += value == given_up;
	return (value != 6 && value != given_up) + after();
}

// A handler that jumps, at any moment of limited calls: on the way in, inside, on the way out, while one is given up.
static volatile sig_atomic_t armed;
static void jump_from_handler(int)
{
	if (armed) {
		armed = 0;
		siglongjmp(signal_place, 1);
	}
}
static void start_timer(long us)
{
	struct itimerval soon = {{0, 0}, {0, us}};
	setitimer(ITIMER_REAL, &soon, nullptr);
}
static int jumps_of_handlers()
{
	static volatile int rounds;
	static volatile int jumped;
	jumped = 0;
	signal(SIGALRM, jump_from_handler);
	for (rounds = 0; rounds < (soak() ? 100000 : 4000); rounds = rounds + 1) {
		if (sigsetjmp(signal_place, 1) == 0) {
			armed = 1;
			start_timer(static_cast<long>(random_range(&seed, 1, 300)));
			for (;;) {
				cxx_plain(returns, 1);
				cxx_plain([](long value) { return cxx_plain(returns, value); }, 1);
				if (rounds % 4 == 0)
					cxx_spin(1);
			}
		}
		jumped = jumped + 1;
	}
	int wrong = jumped != rounds;
	for (int i = 0; i < 100; i++)
		wrong += cxx_spin(i) != given_up; // there still are limits
	return wrong + after();
}

// ---- the end of threads

static int cleanups, keys;
static void count_cleanup(void *) { cleanups++; }
static void count_key(void *) { keys++; }
static long exits(long value)
{
	pthread_exit(reinterpret_cast<void *>(value));
}
static int ends[2];
static pthread_key_t key;
enum { EXITS, EXITS_DEEPER, READS, SPINS, WAYS };

static void *ends_inside(void *arg)
{
	long way = reinterpret_cast<long>(arg);
	int old;
	pthread_setspecific(key, arg == nullptr ? &key : arg);
	pthread_cleanup_push(count_cleanup, nullptr);
	if (way == EXITS)
		cxx_call(exits, 5);
	if (way == EXITS_DEEPER) {
		next_function = exits;
		cxx_call(calls_next, 5);
	}
	if (way == READS)
		for (;;)
			cxx_read(ends[0]);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (;;)
		cxx_plain([](long) { for (;;) ; return 0L; }, 1);
	pthread_cleanup_pop(0);
	return nullptr;
}

static void *gives_up(void *)
{
	return reinterpret_cast<void *>(cxx_spin(1));
}

static int threads_end()
{
	int wrong = 0;
	pthread_key_create(&key, count_key);
	if (pipe(ends) != 0)
		return 1;
	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		void *result = nullptr;
		long way = i % WAYS;
		cleanups = keys = 0;
		if (pthread_create(&thread, nullptr, ends_inside, reinterpret_cast<void *>(way)) != 0)
			return 1;
		if (way >= READS) {
			usleep(static_cast<useconds_t>(random_range(&seed, 0, 2000)));
			pthread_cancel(thread);
		}
		pthread_join(thread, &result);
		// Cancelled before it began, it has nothing to clean up.
		bool begun = keys || way < READS;
		if ((begun && (cleanups != 1 || keys != 1)) || result != (way < READS ? reinterpret_cast<void *>(5) : PTHREAD_CANCELED)) {
			diag("way %ld: %d cleanups, %d keys, result %p", way, cleanups, keys, result);
			wrong++;
		}
		if (i % 10 == 0) {
			if (pthread_create(&thread, nullptr, gives_up, nullptr) != 0 || pthread_join(thread, &result) != 0)
				return 1;
			wrong += reinterpret_cast<long>(result) != given_up;
		}
	}
	wrong += cxx_alive != 0;
	return wrong + (cxx_spin(1) != given_up) + after();
}

// ---- std::regex, and what the unwinder sees

static const std::string as(40, 'a');
static int catastrophic()
{
	int wrong = 0;
	for (int i = 0; i < 5; i++) {
		wrong += text::matches(as, "(a*)*b");
		wrong += after();
	}
	messages = 5;
	wrong += !text::matches("aaab", "(a*)*b") + !text::matches(as, "a+") + text::matches("b", "a+");
	return wrong;
}
static int bad_pattern()
{
	int caught = 0, wrong = 0;
	for (int i = 0; i < 100; i++) {
		try {
			text::matches("a", i % 2 ? "(a" : "[a");
		} catch (const std::regex_error &error) {
			caught++;
			wrong += error.code() != (i % 2 ? std::regex_constants::error_paren : std::regex_constants::error_brack);
		}
		wrong += i % 10 == 0 ? after() : 0;
	}
	return wrong + (caught != 100);
}

static void *frames_inside[64];
static int frames_count;
static long looks(long value)
{
	frames_count = cxx_frames(frames_inside, 64);
	return value;
}
static int unwinder_sees()
{
	void *here[64];
	int n = backtrace(here, 64);
	if (cxx_call(looks, 1) != 2)
		return 1;
	// The same outer frames, seen through two limited calls.
	int same = 0;
	while (same < n - 1 && same < frames_count && frames_inside[frames_count - 1 - same] == here[n - 1 - same])
		same++;
	return frames_count < n + 3 || same < n - 1;
}

// Both return to one place, as one call.
static int tail_calls()
{
	int wrong = cxx_tail(returns, 5) != 6;
	try {
		cxx_tail(throws, 7);
		wrong++;
	} catch (const Thrown &t) {
		wrong += t.value != 7;
	}
	wrong += cxx_tail_spin(1) != given_up;
	return wrong + after();
}

static const struct Part {
	const char *what;
	int (*run)();
	int rounds;
	const char *rules;
} parts[] = {
	{"a limited function throws", callee_throws, 100, short_rules},
	{"a function of the program throws through one", program_throws, 100, short_rules},
	{"it catches and throws the same", thrown_again, 100, short_rules},
	{"it catches and throws another", another_thrown, 100, short_rules},
	{"functions that end with a jump to others", tail_calls, 100, long_rules},
	{"an exception passes two", two_libraries, 100, short_rules},
	{"an exception passes thirty", many_levels, 100, short_rules},
	{"an inner one throws, and an outer one stands", caught_in_the_middle, 100, long_rules},
	{"exceptions that the library catches", caught_by_the_library, 50, long_rules},
	{"the library has caught one, and is given up", caught_and_given_up, 50, long_rules},
	{"given up in the runtime that throws and catches", given_up_while_throwing, 1000, long_rules},
	{"the same while the program handles an exception", given_up_while_handling, 300, long_rules},
	{"the clock hits while functions throw", clock_hits, 5, log_rules},
	{"longjmp() out of one", jump_by_longjmp, 100, short_rules},
	{"_longjmp()", jump_by_underscore, 100, short_rules},
	{"__longjmp_chk()", jump_by_checked, 100, short_rules},
	{"siglongjmp()", jump_by_siglongjmp, 100, short_rules},
	{"longjmp() out of two", jump_out_of_two, 100, short_rules},
	{"longjmp() inside of one", jump_inside, 100, short_rules},
	{"handlers jump out of any moment", jumps_of_handlers, 1, long_rules},
	{"threads end inside", threads_end, 1, long_rules},
	{"a catastrophic pattern in std::regex is given up", catastrophic, 1, text_rules},
	{"std::regex_error is thrown through", bad_pattern, 1, text_rules},
	{"the unwinder sees through limited functions", unwinder_sees, 10, long_rules},
};
#define PARTS static_cast<int>(sizeof parts / sizeof *parts)

// The exit status: 0, or 1 for what is wrong; 2 when there are more messages than calls that were given up.
static int part(const char *text)
{
	int number;
	unsigned long long given;
	if (sscanf(text, "part %d seed %llu", &number, &given) != 2)
		return 255;
	seed = given;
	const Part &p = parts[number];
	for (int i = 0; i < p.rounds * (soak() ? 20 : 1); i++)
		if (int wrong = p.run()) {
			diag("round %d: %d wrong", i, wrong);
			return 1;
		}
	if (p.rules == short_rules)
		fprintf(stderr, "expected: %d\n", messages);
	return cxx_alive == 0 || p.rules == short_rules || p.rules == long_rules ? 0 : 3;
}

int main(int argc, char **argv)
{
	(void)argc;
	if (strncmp(argv[0], "part", 4) == 0)
		return part(argv[0]);
	plan(2 * PARTS);
	uint64_t random = random_seed();
	for (int i = 0; i < PARTS; i++) {
		char name[60];
		snprintf(name, sizeof name, "part %d seed %llu", i, static_cast<unsigned long long>(random_next(&random) >> 1));
		struct limit_end end = limit_child(parts[i].rules, name, nullptr);
		if (!ok(end.status == 0, "%s: the program goes on undisturbed", parts[i].what))
			limit_show(&end);
		int said = limit_lines(end.said, "is given up: liblimit_cxx.so:"), expected = 0;
		const char *at = strstr(end.said, "expected: ");
		if (!at)
			ok(WIFEXITED(end.status), "%s: it ends by itself", parts[i].what);
		else
			ok(sscanf(at, "expected: %d", &expected) == 1 && said == expected,
			   "%s: no call is given up that was left before (%d, of which %d were slow)", parts[i].what, said, expected);
	}
	return done();
}
