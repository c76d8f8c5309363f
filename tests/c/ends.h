/* SPDX-License-Identifier: Apache-2.0 */
/* ends.h - what libends.so does for the tests of ends: it registers things and does not take them back. */
#ifndef ENDS_H
#define ENDS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Counted from all instances, in memory of the program's. Null until a program sets it. */
struct ends_counts {
	volatile int forks, exits, destroyed, signals, onces;
};
void ends_count(struct ends_counts *counts); /* the environment knows, so that each instance finds it */

/* The constructor has made a key, set its value, registered a fork handler and set a variable of the environment. */
int ends_constructed(void); /* 1: all of it, and a block of its own was as it left it */

void ends_at_exit(void);      /* atexit() and on_exit() */
void ends_on_signal(int sig); /* a handler in the library */
void ends_value(void);        /* sets the value of a key with a destructor */
int ends_once(void);          /* pthread_once(): a descriptor, a block, a variable of the environment */
void ends_once_throws(void);  /* pthread_once() with what was given to ends_thrower() */
void ends_thrower(void (*throws)(void));

/* A thread that never ends. It is at it when this returns; 0, or an errno. */
enum ends_rest { ENDS_CONDITION, ENDS_FUTEX, ENDS_POLL, ENDS_SPIN, ENDS_RESTS };
int ends_thread(enum ends_rest rest);

int ends_timer(void); /* one that starts a thread each millisecond, which counts in `signals` */

#ifdef __cplusplus
}
#endif
#endif
