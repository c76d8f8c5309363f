/* SPDX-License-Identifier: Apache-2.0 */
/* case_libraries.c - what grows with the libraries of a program: making a libset, keeping one, and the first isolated launch,
 * which plans them. A process for each sample: the first launch is once in a process. */
#include <stdio.h>

#include "cases.h"
#include "child.h"

static const unsigned libraries[] = { 5, 10, 20, 50, 100, 200 };
enum { NUMBERS = sizeof(libraries) / sizeof(*libraries), MAPPED_AT_ONCE = 2000, FEWEST_SETS = 10, MOST_SETS = 100 };

static const struct curve first_launch = {
	"libraries_first_launch", "The first isolated launch of a program, by its libraries", "libraries", "ms", false, false,
};
static const struct curve make = { "libraries_libset", "Making a libset, by the program's libraries", "libraries", "us", false, false };
static const struct curve memory = { "libraries_memory", "Memory of a libset, by the program's libraries", "libraries", "KiB", false, false };

struct figures {
	struct samples first, made, own, tables;
};

static void turn(unsigned count, struct figures *f) {
	enum { FIRST, ISOLATED, SHARED, OWN, TABLES, VALUES };
	double value[VALUES];
	char number[16], sets[16];
	unsigned wanted = MAPPED_AT_ONCE / count;
	snprintf(number, sizeof(number), "%u", count);
	snprintf(sets, sizeof(sets), "%u", wanted < FEWEST_SETS ? FEWEST_SETS : wanted > MOST_SETS ? MOST_SETS : wanted);
	/* The second one is bound to a processor, on which the library's thread has to wait its turn. */
	child_run("sets", number, "0", value, 1);
	samples_add(&f->first, value[FIRST] / NS_PER_MS);
	child_run("sets", number, sets, value, VALUES);
	samples_add(&f->made, (value[ISOLATED] - value[SHARED]) / NS_PER_US);
	samples_add(&f->own, value[OWN]);
	samples_add(&f->tables, value[TABLES]);
}

void bench_libraries(const struct plan *plan) {
	struct figures figures[NUMBERS] = { 0 };
	for (int n = 0; n < (plan->quick ? 2 : 15); n++)
		for (size_t i = 0; i < NUMBERS; i++)
			turn(libraries[i], &figures[i]);
	for (size_t i = 0; i < NUMBERS; i++) {
		curve_point(&first_launch, "libinger", libraries[i], &figures[i].first);
		curve_point(&make, "libinger", libraries[i], &figures[i].made);
		curve_point(&memory, "private", libraries[i], &figures[i].own);
		curve_point(&memory, "page tables", libraries[i], &figures[i].tables);
	}
}
