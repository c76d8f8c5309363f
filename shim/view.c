/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - where the counters are, for a tool that looks into the process from outside (`inger top`).
 *
 * One exported data symbol with addresses and offsets: the tool needs no knowledge of our structures, and a process that
 * is looked at does nothing for it. Numbers are read while they change; each is a word, and right by itself. */
#include "shim.h"
#include "../gotcha/libset.h"

#define VIEW_VERSION 1u

struct shim_view {
	char magic[8];
	uint32_t version, bytes;
	uint32_t count_names, thread_bytes; /* words in struct shim_counts, as `names` has them */
	uint32_t thread_next, thread_in_use, thread_tid, thread_current, thread_counts; /* offsets in struct shim_thread */
	uint32_t call_parent, call_adopted, pad;                                        /* offsets in struct shim_call */
	const void *threads; /* a pointer to the first of a list */
	const void *stacks, *stack_bytes, *made, *retired; /* words of 64 bits */
	const void *ready;                                 /* 32 bits */
	char names[128];                                   /* of the counts, in their order */
};
SHIM_EXPORT extern const struct shim_view inger_view;

const struct shim_view inger_view = {
	.magic = {'i', 'n', 'g', 'v', 'i', 'e', 'w', 1},
	.version = VIEW_VERSION,
	.bytes = sizeof(struct shim_view),
	.count_names = sizeof(struct shim_counts) / sizeof(uint64_t),
	.thread_bytes = sizeof(struct shim_thread),
	.thread_next = offsetof(struct shim_thread, next),
	.thread_in_use = offsetof(struct shim_thread, in_use),
	.thread_tid = offsetof(struct shim_thread, tid),
	.thread_current = offsetof(struct shim_thread, current),
	.thread_counts = offsetof(struct shim_thread, counts),
	.call_parent = offsetof(struct shim_call, parent),
	.call_adopted = offsetof(struct shim_call, adopted),
	.threads = &shim_threads,
	.stacks = &shim_stacks_count,
	.stack_bytes = &shim_stacks_bytes,
	.made = &gotcha_made_count,
	.retired = &gotcha_retired_count,
	.ready = &gotcha_ready_count,
	.names = "launched completed cancelled faulted abandoned slices slices_ended deferrals spurious",
};
