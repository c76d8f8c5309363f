/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what a case reports, for the driver: one JSON object a line, in the file that BENCH_RECORDS names. Without the
 * variable nothing is written. bench/record/ reads it.
 *
 * A record is put together in memory and written at once when it is whole: a case that dies halfway leaves no half of one,
 * and a process forked from it has nothing in a buffer to write again. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include "harness.h"

/* record_begin … record_end - one at a time; what is between them appends members of the object, in order. */
void record_begin(void);
void record_end(void);

/* A key of NULL appends an element to the list that is open. */
void record_text(const char *key, const char *text);
void record_number(const char *key, double value); /* null when it is not finite */
void record_flag(const char *key, bool value);
/* record_samples - {"n", "min", "p1", "median", "p99", "p99.9", "max", "quantiles": […]}; thinned to RECORD_QUANTILES. */
void record_samples(const char *key, struct samples *s);
void record_object(const char *key);
void record_list(const char *key);
void record_close(void); /* the object or list begun last */

/* Enough for a median's interval and for the bars of a histogram; the ends are kept exactly besides. */
enum { RECORD_QUANTILES = 200 };

#endif
