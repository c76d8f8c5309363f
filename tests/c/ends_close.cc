// SPDX-License-Identifier: Apache-2.0
// ends_close: a libset is closed; the thread that used it ends later, and the process, too. Nothing runs in what is unmapped.
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <string>
#include "ends.h"
#include "gotcha.h"
#include "helpers.h"

static ends_counts counts;
static bool good = true;

// As a compiler registers a thread-local object of the copy's: the function and the object are what gotcha_sym() gave.
extern "C" int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);

static void *uses(void *)
{
	char path[4096];
	beside_program(path, sizeof path, "libends.so");
	for (int i = 0; i < 3; i++) {
		gotcha_t *set = gotcha_open(path);
		if (!set)
			bail(inger_strerror(errno));
		auto constructed = (int (*)())gotcha_sym(set, "ends_constructed");
		auto value = (void (*)())gotcha_sym(set, "ends_value");
		auto on_signal = (void (*)(int))gotcha_sym(set, "ends_on_signal");
		auto at_exit = (void (*)())gotcha_sym(set, "ends_at_exit");
		good = good && constructed();
		value();
		on_signal(SIGUSR1);
		at_exit();
		__cxa_thread_atexit_impl((void (*)(void *))(void *)value, &counts, (void *)value);
		raise(SIGUSR1);
		if (gotcha_close(set) != 0)
			bail(inger_strerror(errno));
	}
	return nullptr;
}

int main()
{
	plan(5);
	ends_count(&counts);
	std::signal(SIGUSR1, SIG_IGN);
	pthread_t thread;
	pthread_create(&thread, nullptr, uses, nullptr);
	pthread_join(thread, nullptr);
	ok(good, "a thread uses three libsets, closes them and ends");
	is_int(counts.signals, 3, "their handlers have run");
	raise(SIGUSR1);
	is_int(counts.signals, 3, "and are not called any more");
	is_int(counts.exits, 6, "atexit() and on_exit() handlers ran when they were closed");
	is_int(counts.destroyed, 0, "no destructor of a value");
	return done();
}
