/* SPDX-License-Identifier: Apache-2.0 */
/* retired_bytes.c - what cancelled calls leave behind is bounded in bytes while the thread that makes libsets gets nowhere: a
 * constructor in there waits. */
#include <stdatomic.h>
#include <sys/prctl.h>
#include "helpers.h"

#define CALLS 30
#define MOST_KB (40 << 10) /* of 4 MiB each; all of them would be 120 MiB */

void retired_bytes_begin(void);
void retired_bytes_write(volatile int *written);

static atomic_int go_on, waits;

void retired_bytes_begin(void)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	if (strcmp(name, "inger-libsets") != 0)
		return;
	atomic_fetch_add(&waits, 1);
	while (!go_on)
		usleep(1000);
}

static void writes(void *written) { retired_bytes_write(written); }

static long memory_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		bail("statm");
	fclose(file);
	return pages * 4;
}

/* Returns how many went as they should. */
static int cancels(int calls)
{
	int right = 0;

	for (int i = 0; i < calls; i++) {
		volatile int written = 0;
		linger_t call = launch(writes, 0, (void *)&written);
		while (call.continuation && !written && resume(&call, 2000) == 0)
			;
		right += written && cancel(&call) == 0;
	}
	return right;
}

int main(void)
{
	plan(4);
	int right = cancels(2);
	while (!waits)
		usleep(1000);
	long before = memory_kb();
	right += cancels(CALLS);
	long grown = memory_kb() - before;
	ok(right == CALLS + 2, "%d calls cancelled", right);
	ok(grown < MOST_KB, "%ld KiB more while a constructor waits", grown);
	ok(go_on == 0 && waits == 1, "the thread waited all the time");
	go_on = 1;
	ok(cancels(10) == 10, "and goes on");
	return done();
}
