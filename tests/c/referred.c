/* SPDX-License-Identifier: Apache-2.0 */
/* referred: a mapping of a cancelled shared call stays while a library has the way to it in a static variable; all others go. */
#include <sys/mman.h>
#include "cancel.h"
#include "referred.h"

#define ROUNDS 200

static void *volatile made;
static void *volatile also;

static bool mapped(void *address)
{
	unsigned char page;
	return mincore(address, 1, &page) == 0;
}

static void on_its_arena(void *arg)
{
	(void)arg;
	made = referred_arena();
	inger_pause();
}
static void on_its_chain(void *arg)
{
	(void)arg;
	made = referred_chain(3);
	inger_pause();
}
static void on_nothing(void *arg)
{
	(void)arg;
	made = referred_nowhere();
	inger_pause();
}
static void by_itself(void *arg)
{
	(void)arg;
	made = mmap(NULL, REFERRED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	also = (void *)referred_chain(1);
	inger_pause();
}
static void gives_back(void *arg)
{
	(void)arg;
	made = referred_arena();
	referred_give_back();
	inger_pause();
}

static void cancelled(void (*function)(void *), uint32_t isolation)
{
	linger_t call = start(function, NULL, isolation);
	end(&call);
}

static int chain_length(void)
{
	int length = 0;
	for (struct referred *r = referred_chain(0); r && mapped(r); r = r->next)
		length++;
	return length;
}

int main(void)
{
	plan(12);

	cancelled(on_its_arena, INGER_SHARED);
	ok(mapped(made), "a mapping that the library points to stays");
	ok(referred_arena() == made && (referred_arena()[5] = 7), "the library goes on with it");
	cancelled(on_its_arena, INGER_SHARED);
	ok(mapped(made), "another call that only used it does not take it away");

	cancelled(on_its_chain, INGER_SHARED);
	is_int(chain_length(), 3, "mappings that are found through one stay");
	cancelled(on_nothing, INGER_SHARED);
	ok(!mapped(made), "one that nobody points to goes");
	cancelled(by_itself, INGER_SHARED);
	ok(!mapped(made), "one of the program's goes, whatever its variables say");
	ok(mapped(also) && chain_length() == 4, "the library's of the same call stays");
	cancelled(gives_back, INGER_SHARED);
	ok(!mapped(made), "one that was given back is not there");
	is_int(chain_length(), 0, "nor are the older ones");

	long before = count_mappings();
	for (int i = 0; i < ROUNDS; i++) {
		cancelled(on_its_arena, INGER_SHARED);
		cancelled(on_its_chain, INGER_SHARED);
		if (chain_length() != 3 || !mapped(referred_arena()))
			break;
		referred_give_back();
		cancelled(on_nothing, INGER_SHARED);
	}
	is_int(count_mappings() - before, 0, "%d rounds later there are as many mappings", ROUNDS);
	cancelled(on_its_arena, INGER_ISOLATED);
	ok(!mapped(made), "an isolated call's goes with its instance of the library");
	is_int(further(20), 20, "further calls are right");
	return done();
}
