/* SPDX-License-Identifier: Apache-2.0 */
/* helpers.h - what several tests need: known work, random numbers with a printed seed, counts of the process's things. */
#ifndef HELPERS_H
#define HELPERS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "inger.h"
#include "tap.h"

#define UNUSED __attribute__((unused))

/* soak - INGER_SOAK=1 asks for the long versions. */
UNUSED static bool soak(void)
{
	const char *value = getenv("INGER_SOAK");
	return value && strcmp(value, "1") == 0;
}

UNUSED static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* random_next - splitmix64; the state is the caller's. */
UNUSED static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* random_seed - INGER_SEED, or one from the clock; printed, so that a failure can be repeated. */
UNUSED static uint64_t random_seed(void)
{
	const char *value = getenv("INGER_SEED");
	uint64_t seed = value ? strtoull(value, NULL, 0) : now_ns() % 1000000007u;
	diag("INGER_SEED=%llu", (unsigned long long)seed);
	return seed;
}

/* random_range - low..high, both included. */
UNUSED static uint64_t random_range(uint64_t *state, uint64_t low, uint64_t high)
{
	return low + random_next(state) % (high - low + 1);
}

/* spin - a preemptible function that runs until the int it is given becomes non-zero. */
/* beside_program - the path of `name` in the folder that the build puts this program into. */
UNUSED static void beside_program(char *path, size_t bytes, const char *name)
{
	ssize_t n = readlink("/proc/self/exe", path, bytes);
	if (n < 0 || (size_t)n + strlen(name) >= bytes)
		bail("readlink");
	path[n] = 0;
	strcpy(strrchr(path, '/') + 1, name);
}

UNUSED static void spin(void *stop)
{
	while (!*(volatile int *)stop)
		;
}

/* work - a chain of dependent steps, whose end shows that none was lost or repeated. */
UNUSED static __attribute__((noinline)) uint64_t work(uint64_t value, uint64_t steps)
{
	while (steps--) {
		value = value * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(value));
	}
	return value;
}

/* finish - resume in slices until the call is complete.
 * Returns the number of pauses seen, or -1 when resume() failed. */
UNUSED static long finish(linger_t *call, uint64_t budget_us)
{
	long pauses = 0;
	if (!call->is_complete && !call->continuation)
		return -1;
	while (!call->is_complete) {
		pauses++;
		if (resume(call, budget_us) != 0)
			return -1;
	}
	return pauses;
}

/* run_sliced - launch and resume in slices of one size until complete; as finish(). */
UNUSED static long run_sliced(void (*function)(void *), void *arg, uint64_t budget_us)
{
	linger_t call = launch(function, budget_us, arg);
	return finish(&call, budget_us);
}

/* count_mappings - of the process's address space. */
UNUSED static long count_mappings(void)
{
	static char buffer[1 << 16];
	long lines = 0;
	size_t n;
	FILE *file = fopen("/proc/self/maps", "re");
	if (!file)
		return -1;
	while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
		for (size_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	fclose(file);
	return lines;
}

UNUSED static long count_entries(const char *path)
{
	DIR *directory = opendir(path);
	long entries = -2; /* . and .. */
	if (!directory)
		return -1;
	while (readdir(directory))
		entries++;
	closedir(directory);
	return entries;
}

UNUSED static long count_threads(void) { return count_entries("/proc/self/task"); }
UNUSED static long count_descriptors(void) { return count_entries("/proc/self/fd"); }

/* settles - whether a count comes down to a limit; the libsets of cancelled calls are unmapped by a thread of the library, and
 * of each that was waiting for that at the same time (32 at most) one mapping stays for the next. */
UNUSED static bool settles(long (*of)(void), long limit)
{
	for (int i = 0; i < 1000 && of() > limit; i++)
		usleep(5000);
	return of() <= limit;
}

/* resident_kib - RSS; statm's own counters are batched by the kernel, smaps_rollup is exact. */
UNUSED static long resident_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

#endif
