/* SPDX-License-Identifier: Apache-2.0 */
/* bare_ops.h - inside the bare process: each takes one sample in nanoseconds, or appends several. */
#ifndef BENCH_BARE_OPS_H
#define BENCH_BARE_OPS_H

#include "bare.h"

/* bare_calls.c */
double base_thread(uint64_t unused);
double base_fork(uint64_t unused);
double base_swap(uint64_t contexts);
double base_malloc(uint64_t bytes);
double base_malloc_queue(uint64_t bytes);
double base_reach(uint64_t way);
/* bare_floor.c */
double base_floor(uint64_t part);
/* bare_end.c */
double base_cancel_thread(uint64_t holding);
double base_kill(uint64_t holding);
/* bare_spawn.c */
double base_spawn(uint64_t kind);
double base_idle(uint64_t libraries);
/* bare_clock.c */
timer_t bare_thread_timer(void (*handler)(int)); /* signals this thread, where `handler` runs */
enum interrupter { BY_NONE, BY_TIMER, BY_KEEPER };
/* base_work - nanoseconds of work(job) while it is interrupted. */
double base_work(void (*work)(void *), void *job, enum interrupter by, uint64_t period_ns, uint64_t *interrupts);
/* base_late - until there are `count`, or limit_ns have passed; 0: no limit. */
void base_late(uint64_t budget_us, enum interrupter by, uint32_t count, uint64_t limit_ns, struct samples *s);
void base_watch(uint64_t state_and_depth, uint64_t period_ns, uint32_t count, struct samples *s);

#endif
