/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown_retired.c - after inger_shutdown() no libset comes back: neither those of cancelled calls, which a thread of the library
 * makes as new beside the program, nor those that it makes ahead. */
#include "helpers.h"

#define ROUNDS 12
#define CALLS 12

static void spins(void *unused)
{
	(void)unused;
	for (;;)
		__asm__ volatile("");
}

static uint64_t ready(void)
{
	struct inger_stats stats = { .size = sizeof stats };
	inger_stats(&stats);
	return stats.libsets_ready;
}

int main(void)
{
	uint64_t most = 0;
	plan(4);
	for (int round = 0; round < ROUNDS; round++) {
		linger_t calls[CALLS];
		for (int i = 0; i < CALLS; i++)
			calls[i] = launch(spins, 1, NULL);
		for (int i = 0; i < CALLS; i++)
			if (cancel(&calls[i]) != 0)
				bail("cancel");
		if (inger_shutdown() != 0)
			bail("inger_shutdown");
		/* Until the last is gone and some time more: one that comes back would be seen. */
		long before, now = count_mappings();
		for (int looks = 0, same = 0; looks < 100 && same < 4; looks++) {
			usleep(20000);
			most = ready() > most ? ready() : most;
			before = now;
			now = count_mappings();
			same = now == before ? same + 1 : 0;
		}
	}
	is_int(most, 0, "after inger_shutdown() no libset is ready at any time");
	linger_t call = launch(spins, 1000, NULL);
	ok(!call.is_complete && call.continuation, "a later launch begins anew");
	ok(cancel(&call) == 0, "and is cancelled");
	for (int i = 0; i < 500 && !ready(); i++)
		usleep(10000);
	ok(ready() > 0, "and libsets are kept again");
	return done();
}
