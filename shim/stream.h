/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - what is done about a stream before its function runs deferred; wrap_stream.c. */
#ifndef SHIM_STREAM_H
#define SHIM_STREAM_H

#include "shim.h"
#include <stdio.h>

/* What a hook gives: the function is called, or it fails with errno set, by -1 or by 0 (NULL, nothing transferred). */
enum { STREAM_GO_ON = 0, STREAM_FAILS = 1, STREAM_FAILS_BY_0 = 2 };

/* `call`: NULL outside of calls. `rsp`: the caller's. `slot`: of the function, or what defer_slot will be. */
long shim_stream_in(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot);
long shim_stream_out(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot);
long shim_stream_flush(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot);
long shim_stream_any(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot);

/* Wait for a stream's lock (NULL: those of all streams) when a call may have it: 0, or EDEADLK (help.c). */
int shim_stream_await(struct shim_call *call, FILE *f);
/* Who is not the running TCB has the stream's lock. */
bool shim_stream_busy(const FILE *f);

#endif
