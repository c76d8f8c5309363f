/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - a decode that is ended at its budget, in programs of their own: SIZE/BUDGET_US COUNT.
 * They print COUNT rows of numbers, nanoseconds after the budget unless said otherwise. */
#ifndef BENCH_INSTEAD_IMAGE_H
#define BENCH_INSTEAD_IMAGE_H

#include <stdint.h>

struct image_request {
	uint32_t size; /* pixels a side */
	uint32_t budget_us, count;
};

/* image_fork: until poll() has said so, until kill() and waitpid() have. */
enum { IMAGE_FORK_CONTROL, IMAGE_FORK_RELEASED, IMAGE_FORK_VALUES };

/* image_inger, first isolated, then shared: launch() has returned; cancel() has, too; processor time (in all) that other
 * threads have spent on it, which make the next libset and clear this one; bytes that had become resident when it was
 * paused; inger_call() in place of launch() and cancel() has returned. */
enum { IMAGE_CONTROL, IMAGE_RELEASED, IMAGE_BACKGROUND, IMAGE_RESIDENT, IMAGE_CALL, IMAGE_VALUES };

struct image_request image_request(int argc, char **argv);

#endif
