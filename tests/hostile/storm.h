/* SPDX-License-Identifier: Apache-2.0 */
/* storm.h - what the works of the storm and the storm itself have in common.
 *
 * A work is something a function does for some hundred microseconds, again and again, and that shows whether it was right. The
 * files storm_*.c have them, by subject; storm.c launches, resumes, cancels and disturbs them.
 * Preemptible  the works: they are paused and cancelled anywhere. What they leave behind then is what docs/limits.md says
 *              that stays, and nothing else: a work that starts a thread gives it nothing of its own, a child is reaped at
 *              the end of the round. */
#ifndef STORM_H
#define STORM_H

#include "helpers.h"

enum {
	WORK_ISOLATED = 1, /* keeps state in a library, or in libc, between calls: right only with a libset of its own */
	WORK_WHOLE = 2,    /* is not cancelled: what it leaves half done is a limit that docs/limits.md names */
	WORK_EXITS = 4,    /* ends its thread */
	WORK_FAULTS = 8,   /* with INGER_CONTAIN only */
	WORK_UNWINDS = 16, /* comes to places where an exception may come from; another runs for its whole grace before it is cancelled */
};

struct job {
	const struct work *work;
	uint64_t random;
	bool forever; /* until it is cancelled */
	int depth;    /* of nested launches */
	int rounds, wrong;
	const char *complaint; /* the first condition that was not true */
};

struct work {
	const char *name;
	void (*once)(struct job *);
	unsigned flags;
};

#define WORK(name, flags) \
	static void work_##name(struct job *); \
	static const struct work work_##name##_ = { #name, work_##name, flags }; \
	__attribute__((section("works"), used)) static const struct work *const work_##name##_entry_ = &work_##name##_; \
	static void work_##name(struct job *j)

#define right(condition) ((condition) ? (void)0 : wrong_(j, #condition))
UNUSED static void wrong_(struct job *j, const char *condition)
{
	if (!j->wrong++)
		j->complaint = condition;
}

#ifdef __cplusplus
extern "C" {
#endif
extern const struct work *const __start_works[], *const __stop_works[];

/* work_named - the work of that name; the program ends when there is none. */
const struct work *work_named(const char *name);
/* job_runs - the function that is launched: a job. */
void job_runs(void *job);
#ifdef __cplusplus
}
#endif

#endif
