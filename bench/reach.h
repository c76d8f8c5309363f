/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h - the ways from a program to a library, each in a loop that the bare process and the cases have in common. */
#ifndef BENCH_REACH_H
#define BENCH_REACH_H

#include <stdint.h>

enum reach_way {
	REACH_CALL,   /* an empty function, through PLT and GOT */
	REACH_TABLE,  /* empty functions, through a table that the library exports */
	REACH_COPIED, /* a variable in the program's copy of it: a COPY relocation */
	REACH_GOT,    /* a variable through the GOT */
	REACH_GETTIMEOFDAY,
	REACH_GETPID,
	REACH_WAYS
};

struct reach_job {
	enum reach_way way;
	uint64_t rounds;
};

/* reach_job_of - with as many rounds as make a sample of some ten microseconds. */
struct reach_job reach_job_of(enum reach_way way);
/* reach_loop - the loop; job is a struct reach_job. */
void reach_loop(void *job);
/* reach_got - the loop over the variable in the GOT; reach_got.c is compiled as position-independent code, whose compiler
 * does not count on a COPY relocation. */
void reach_got(uint64_t rounds);

#endif
