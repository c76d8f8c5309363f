// SPDX-License-Identifier: Apache-2.0
// ends_objects: thread-local objects with destructors. A completed function's are destroyed, a cancelled function's are not, and
// nothing of either is left: neither the call's block nor what libc keeps of it.
#include <cstdlib>
#include <malloc.h>
#include <string>
#include "helpers.h"

enum { CANCELS = 2000, BLOCKS = 200, EACH_BYTES = 64 };

struct noisy {
	static int made, destroyed;
	std::string text = std::string(100, 'x');
	noisy() { made++; }
	~noisy() { destroyed++; }
};
int noisy::made, noisy::destroyed;
static thread_local noisy first, second;
static int wrong;

static void uses(void *)
{
	void *blocks[BLOCKS];
	wrong += first.text.size() != 100 || second.text.size() != 100;
	first.text += "y";
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = std::malloc(24 + (size_t)i % 40 * 16);
	for (int i = 0; i < BLOCKS; i++)
		std::free(blocks[i]);
	inger_pause();
}

static long cancels(const inger_attr *attr, int count)
{
	long good = 0;
	for (int i = 0; i < count; i++) {
		linger_t call = inger_launch_attr(uses, TO_COMPLETION, nullptr, attr);
		good += !call.is_complete && cancel(&call) == 0;
	}
	return good;
}

int main()
{
	inger_attr attr = INGER_ATTR_INIT;
	plan(7);
	attr.isolation = INGER_SHARED;
	cancels(&attr, 50);
	long mappings = count_mappings();
	size_t heap = mallinfo2().uordblks;
	is_int(cancels(&attr, CANCELS), CANCELS, "calls are cancelled");
	is_int(noisy::destroyed, 0, "no destructor has run");
	is_int(wrong, 0, "each found new objects");
	long grown = (long)(mallinfo2().uordblks - heap);
	ok(grown < CANCELS * EACH_BYTES, "the heap has grown by %ld bytes", grown);
	long more = count_mappings() - mappings;
	ok(more < 20, "there are %ld more mappings", more);
	noisy::made = 0;
	linger_t call = inger_launch_attr(uses, TO_COMPLETION, nullptr, &attr);
	resume(&call, TO_COMPLETION);
	ok(call.is_complete && noisy::made == 2 && noisy::destroyed == 2, "a completed function's are destroyed");
	ok(first.text.size() == 100 && noisy::made == 4, "the thread has its own");
	return done();
}
