// SPDX-License-Identifier: Apache-2.0
// ends_once: what pthread_once() makes in a libset goes with the libset, as its control variable does; what libc keeps stays. An
// exception and a jump out of it leave nothing behind.
#include <csetjmp>
#include <cstdlib>
#include "ends.h"
#include "helpers.h"

enum { CANCELS = 60, SPARE = 6 };
static ends_counts counts;
static int good;

static void makes(void *)
{
	good += ends_once();
	inger_pause();
}

static void cancels(const inger_attr *attr, int count)
{
	for (int i = 0; i < count; i++) {
		linger_t call = inger_launch_attr(makes, TO_COMPLETION, nullptr, attr);
		cancel(&call);
	}
}

static void throws() { throw 1; }
static jmp_buf back;
static void jumps() { std::longjmp(back, 1); }

static int caught;
static void *volatile block;
static void leaves(void *)
{
	ends_thrower(throws);
	for (int i = 0; i < 3; i++)
		try {
			ends_once_throws();
		} catch (int) {
			caught++;
		}
	block = std::malloc(100);
	inger_pause();
	caught *= 10;
	std::free(block);
}

static void leaves_by_jump(void *)
{
	ends_thrower(jumps);
	if (setjmp(back) == 0)
		ends_once_throws();
	else
		caught++;
	block = std::malloc(100);
	inger_pause();
	caught *= 10;
}

int main()
{
	inger_attr attr = INGER_ATTR_INIT;
	plan(7);
	ends_count(&counts);
	attr.isolation = INGER_ISOLATED;
	cancels(&attr, 10);
	good = counts.onces = 0;
	long before = count_entries("/proc/self/fd");
	cancels(&attr, CANCELS);
	ok(good == CANCELS && counts.onces == CANCELS, "pthread_once() runs in each new libset: %d, %d", good, counts.onces);
	long after = count_entries("/proc/self/fd");
	for (int i = 0; after - before > SPARE && i < 50; i++) {
		usleep(20000); // libsets are unmade by a thread
		after = count_entries("/proc/self/fd");
	}
	ok(after - before <= SPARE, "descriptors: %ld before, %ld after", before, after);
	ok(std::getenv("ENDS_ONCE") && !strncmp(std::getenv("ENDS_ONCE"), "a value", 7), "the environment is whole");

	linger_t call = inger_launch_attr(leaves, TO_COMPLETION, nullptr, &attr);
	ok(caught == 3 && !call.is_complete, "exceptions leave pthread_once(), and the function pauses afterwards");
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete && caught == 30, "and goes on");
	caught = 0;
	call = inger_launch_attr(leaves_by_jump, TO_COMPLETION, nullptr, &attr);
	ok(caught == 1 && !call.is_complete, "so does a jump");
	is_int(cancel(&call), 0, "and that function is cancelled");
	return done();
}
