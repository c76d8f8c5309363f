/* SPDX-License-Identifier: Apache-2.0 */
/* ways.h - all of them. */
#ifndef BENCH_INSTEAD_WAYS_H
#define BENCH_INSTEAD_WAYS_H

#include "clock.h"
#include "instead.h"

extern const struct way way_direct, way_inger_isolated, way_inger_shared, way_pthread_cancel, way_pthread_cancel_deferred,
	way_thread_leak, way_fork, way_setitimer_siglongjmp, way_posix_spawn_pool, way_ucontext, way_pth;

#endif
