/* SPDX-License-Identifier: Apache-2.0 */
/* instead.h - the same work under each of the ways that a user could choose to call it with a deadline.
 *
 * A work is a function that a program has anyway (work_*.c): bytes in, bytes out, through a real library. A way is what
 * the program adds so that it gets the processor back in time (way_*.c), written as one would for a program of one's
 * own: its lines are counted. run.c puts any work under any way, and looks at what each leaves behind. */
#ifndef BENCH_INSTEAD_H
#define BENCH_INSTEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* struct job - one call of a work. */
struct job {
	const struct work *work;
	const unsigned char *input; /* borrowed */
	size_t input_bytes;
	unsigned char *output; /* malloc()ed by the work, then the caller's; NULL: it gave up, or was given up */
	size_t output_bytes;
	/* Cooperation: the work calls this with its library's object, where something can be placed by hand; false: stop.
	 * NULL in all ways but the cooperative ones. */
	bool (*place)(void *object);
};

struct inputs;

struct work {
	const char *name;
	void (*run)(struct job *job);
	void (*make)(struct inputs *inputs, uint64_t *random); /* good and bad inputs, in the process that measures nothing */
	const char *(*broken)(void); /* after all calls: what the program can't do any more; NULL: nothing, or no such check */
	bool (*place)(void *object); /* hand_*.c; NULL where the ways are not cooperative */
};

struct way {
	const char *name;
	void (*begin)(const struct work *work); /* NULL: nothing to prepare */
	int (*call)(struct job *job, uint64_t budget_us); /* 0, ETIMEDOUT, or why the call was not made */
	void (*end)(void); /* NULL: nothing to stop */
	bool unprotected;  /* gets good inputs only */
};

extern const struct way *const instead_ways[];   /* this program's; ends with NULL */
extern const struct work *const instead_works[]; /* all; ends with NULL */

const struct work *work_named(const char *name);

/* work_directory - for works that have files; from the environment, so that a way's own processes have it too. */
const char *work_directory(void);

/* pool_serve - what a process of the worker pool does until its socket closes. */
void pool_serve(const struct work *work);

/* coop_yield - in hand_*.c: let the caller look at the clock. False: the call is to end. */
extern bool (*coop_yield)(void);

#endif
