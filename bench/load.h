/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - somebody else who wants every processor: a spinning process on each. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>

/* load_start - before the first launch and while there is one thread. They wait until load_run(true). */
void load_start(void);

/* load_run - let them spin, or wait. */
void load_run(bool spins);

/* load_end - they end by themselves, too, however this process does. */
void load_end(void);

#endif
