/* SPDX-License-Identifier: Apache-2.0 */
/* hello: a function that never returns is paused, resumed and given up. */
#include <inger.h>
#include <stdio.h>

static void spin(void *turns) { for (;;) ++*(volatile unsigned long *)turns; }

int main(void)
{
	unsigned long turns = 0;
	linger_t call = launch(spin, 10000, &turns); /* 10,000 us = 10 ms */
	if (!call.continuation)
		return perror("launch"), 1;
	printf("paused  after %lu turns\n", turns);
	resume(&call, 10000);
	printf("paused  after %lu turns\n", turns);
	cancel(&call);
	printf("given up at   %lu turns\n", turns);
	return 0;
}
