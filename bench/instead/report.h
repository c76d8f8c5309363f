/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - what a process that measures one way has found so far. It is written in place, in memory that the driver's side
 * shares, so that a crash or a deadlock leaves what came before and the place where it happened. */
#ifndef BENCH_INSTEAD_REPORT_H
#define BENCH_INSTEAD_REPORT_H

#include <stdint.h>

enum { REPORT_SAMPLES = 4096, REPORT_WORDS = 96 };

/* Descriptors that the process is started with. */
enum { INPUTS_FD = 3, REPORT_FD = 4 };

/* What it is about to do. */
enum report_stage {
	STAGE_START,
	STAGE_WARM_UP, /* good calls that are not counted */
	STAGE_MIX,     /* good and bad calls */
	STAGE_STORM,   /* bad calls only, with small budgets */
	STAGE_SETTLE,  /* time for what is given back in the background */
	STAGE_HEAP_SIZE,
	STAGE_HEAP,    /* malloc() and free(), each block whole? */
	STAGE_AGAIN,   /* each good call once more */
	STAGE_DIRECT,  /* the same without protection: is the program's own instance of the library whole? */
	STAGE_LIBRARY, /* struct work's broken() */
	STAGE_END,     /* workers are stopped */
	STAGE_DONE,
};

/* Written by the process under test, read by the one that started it after it has ended or been killed. */
struct report {
	volatile uint32_t stage;
	volatile uint32_t call;     /* in this stage */
	volatile uint32_t runaways; /* stopped so far, in all stages */
	uint32_t good, bad;         /* samples below */
	uint32_t wrong;             /* good calls with another result than without protection */
	uint32_t late;              /* good calls that were stopped */
	uint32_t refused;           /* good calls that failed otherwise, e.g. for want of memory */
	uint32_t ended;             /* bad calls that ended by themselves, with an output */
	uint32_t gave_up;           /* and without one, e.g. for want of memory */
	uint32_t failed, failed_error; /* bad calls with another error */
	double mix_ns, mix_cpu_ns;  /* whole, with children that were waited for */
	uint32_t mix_calls;
	/* Memory in bytes; -1: not known. */
	double peak, child_peak;    /* of resident memory: beyond the start's; of the largest child */
	uint32_t storm;             /* runaways in the storm */
	double storm_resident, storm_heap; /* growth over the storm, after it has settled */
	/* Threads, processes and descriptors: those that the way has anyway, and those that came with the storm and the mix. */
	int32_t threads, threads_left, processes, processes_left, descriptors_left;
	uint32_t heap_damaged;      /* blocks that were not whole */
	uint32_t direct_wrong;
	char broken[REPORT_WORDS];
	double good_ns[REPORT_SAMPLES], lost_ns[REPORT_SAMPLES];
	uint32_t good_item[REPORT_SAMPLES]; /* which input it was */
};

#endif
