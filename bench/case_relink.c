/* SPDX-License-Identifier: Apache-2.0 */
/* case_relink.c - rewriting a GOT of a hundred entries: to generate what is needed, and to install it. */
#include "cases.h"
#include "child.h"

enum { GENERATE_GOAL_US = 60, INSTALL_GOAL_US = 1 };

static void report(const char *name, struct samples *s, const char *base, struct samples *base_samples) {
	line_begin(name, s->count, 1);
	line_samples(s, base, base_samples);
}

static void generate(int processes) {
	enum { BEFORE_100, BEFORE_0, AFTER_100, AFTER_0, VALUES };
	struct samples linker = { 0 }, added = { 0 }, object = { 0 };
	for (int i = 0; i < processes; i++) {
		double ns[VALUES];
		child_run("relink", NULL, NULL, ns, VALUES);
		samples_add(&linker, ns[BEFORE_100] - ns[BEFORE_0]);
		samples_add(&added, (ns[AFTER_100] - ns[AFTER_0]) - (ns[BEFORE_100] - ns[BEFORE_0]));
		samples_add(&object, ns[AFTER_0] - ns[BEFORE_0]);
	}
	report("relink_100_generate", &added, "linker_for_the_same", &linker);
	line_goal(median(&added) <= GENERATE_GOAL_US * NS_PER_US, "<=%dus", GENERATE_GOAL_US);
	report("relink_0_generate", &object, NULL, NULL);
	line_end();
}

static void install(int processes) {
	enum { TRAMPOLINES, WRITABLE, READ_ONLY, VALUES };
	struct samples s[VALUES] = { 0 };
	for (int i = 0; i < processes; i++) {
		double ns[VALUES];
		child_run("install", NULL, NULL, ns, VALUES);
		for (int k = 0; k < VALUES; k++)
			samples_add(&s[k], ns[k]);
	}
	report("relink_100_trampolines", &s[TRAMPOLINES], NULL, NULL);
	line_end();
	report("relink_100_install", &s[WRITABLE], NULL, NULL);
	line_goal(median(&s[WRITABLE]) <= INSTALL_GOAL_US * NS_PER_US, "<=%dus", INSTALL_GOAL_US);
	/* Making the pages writable and read-only again is two system calls, however many words are written. */
	report("relink_100_install_relro", &s[READ_ONLY], NULL, NULL);
	line_goal(median(&s[READ_ONLY]) <= INSTALL_GOAL_US * NS_PER_US, "<=%dus", INSTALL_GOAL_US);
}

void bench_relink(const struct plan *plan) {
	generate(plan->quick ? 5 : 40);
	install(plan->quick ? 5 : 40);
}
