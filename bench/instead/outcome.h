/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h - in a word: how a process ended, or what it could not do any more. */
#ifndef BENCH_INSTEAD_OUTCOME_H
#define BENCH_INSTEAD_OUTCOME_H

#include "session.h"

enum { OUTCOME_ROOM = 128 };

/* outcome_of - a process that was not whole: "crashes:SIGSEGV,mix,call=37,runaways=2". */
void outcome_of(struct session_result result, const struct report *r, char out[OUTCOME_ROOM]);

/* outcome_left - of one that was: "ok", or what was wrong afterwards. Static storage. */
const char *outcome_left(const struct report *sum);

/* outcome_lines - of code for a way, with those placed by hand in a work when that is not NULL; -1: it was not built. */
int outcome_lines(const char *way, const char *by_hand);

#endif
