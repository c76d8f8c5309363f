/* SPDX-License-Identifier: Apache-2.0 */
/* storm_disturb.h - what goes on in the process beside the calls of the storm: signals, forks, libraries that come and go.
 * Preemptible  no: threads of the program's own, and handlers. */
#ifndef STORM_DISTURB_H
#define STORM_DISTURB_H

#include <pthread.h>
#include <stdint.h>

enum {
	MOVING = 1,    /* calls are resumed by any thread */
	UNWIND = 2,    /* half of the calls of C++ are unwound when they are cancelled */
	EXITING = 4,   /* the threads end and are replaced all the time, with paused calls of theirs */
	ALARM = 8,     /* SIGALRM every 3 ms, with SA_RESTART */
	DIRECTED = 16, /* SIGUSR1 to one of the threads every millisecond, without SA_RESTART */
	FORKING = 32,  /* a thread forks; the children launch */
	LOADING = 64,  /* a thread opens and closes libraries */
	DISTURBED = ALARM | DIRECTED | FORKING | LOADING, /* something goes on as long as the threads do */
};

/* disturb_prepare - handlers are set; before the first launch. */
void disturb_prepare(unsigned what);
/* disturb_begin, disturb_end - around each round. */
void disturb_begin(unsigned what, const pthread_t *threads, int count, uint64_t seed);
void disturb_end(void);
/* disturb_failed - what went wrong, or NULL. */
const char *disturb_failed(void);

#endif
