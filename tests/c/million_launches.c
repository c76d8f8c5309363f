/* SPDX-License-Identifier: Apache-2.0 */
/* million_launches: a million calls leave as many mappings, threads and descriptors and as much memory as a thousand. */
#include "helpers.h"

static uint64_t sum;
static void add(void *arg) { sum += (uint64_t)(uintptr_t)arg; }
static void yield_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		inger_pause();
}
static void spin_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("");
}

static int launches(int count, uint64_t budget)
{
	int complete = 0;
	for (int i = 0; i < count; i++)
		complete += launch(add, budget, (void *)1).is_complete;
	return complete;
}
static int cancels(int count, void (*function)(void *), uint64_t budget)
{
	int cancelled = 0;
	for (int i = 0; i < count; i++) {
		linger_t call = launch(function, budget, NULL);
		cancelled += cancel(&call) == 0;
	}
	return cancelled;
}

int main(void)
{
	int million = soak() ? 50000000 : 1000000;
	plan(9);
	setenv("INGER_LIBSETS", "0", 1); /* none is made beside the counting of mappings */
	launches(1000, TO_COMPLETION);
	launches(1000, 1000000);
	cancels(1000, yield_for_ever, TO_COMPLETION);
	cancels(100, spin_for_ever, 30);
	count_mappings(); /* the counting's own streams come from the heap */
	count_threads();
	resident_kib();
	long mappings = count_mappings(), threads = count_threads(), descriptors = count_descriptors(), kib = resident_kib();
	sum = 0;
	is_int(launches(million, TO_COMPLETION), million, "%d launches without a deadline complete", million);
	is_int(launches(million, 1000000), million, "%d launches with a deadline complete", million);
	is_int(sum, 2 * (long long)million, "each ran once");
	is_int(cancels(million / 10, yield_for_ever, TO_COMPLETION), million / 10, "%d calls that gave way are cancelled", million / 10);
	is_int(cancels(3000, spin_for_ever, 30), 3000, "3000 calls that the clock paused are cancelled");
	diag("mappings %ld -> %ld, threads %ld -> %ld, descriptors %ld -> %ld, resident %ld -> %ld KiB", mappings, count_mappings(),
		threads, count_threads(), descriptors, count_descriptors(), kib, resident_kib());
	ok(settles(count_mappings, mappings + 100), "no mappings are left behind");
	ok(count_threads() <= threads + 1, "no thread is left behind");
	is_int(count_descriptors(), descriptors, "no descriptor is left behind");
	ok(settles(resident_kib, kib + 1024), "memory stays flat");
	return done();
}
