/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - start a process that measures, watch that it gets on, and collect what it found. */
#ifndef BENCH_INSTEAD_SESSION_H
#define BENCH_INSTEAD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

struct session {
	const char *program, *way, *work;
	uint64_t seed;
	uint32_t calls, storm;
	double limit_ms; /* of the mix, and of the storm: nothing new is begun after this */
	double stall_ms; /* without a call's end: it hangs, and is killed */
	bool exact_heap; /* the allocator keeps no freed blocks for a thread, which it would count as in use */
};

enum session_end {
	SESSION_WHOLE,
	SESSION_SIGNAL, /* code: the signal */
	SESSION_EXIT,   /* code: the status */
	SESSION_HANGS,  /* killed */
};

struct session_result {
	enum session_end end;
	int code;
};

/* session_inputs - make those of a work; returns their descriptor. The work may put files into the directory. */
int session_inputs(const char *program, const char *work, uint64_t seed, const char *directory);

/* session_run - `report` is filled in as far as the process came; it and all that it started have ended. */
struct session_result session_run(const struct session *s, int inputs_fd, struct report *report);

#endif
