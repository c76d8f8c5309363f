/* SPDX-License-Identifier: Apache-2.0 */
/* left.h - what a process has: read without the heap, which may not be whole. -1: not known. */
#ifndef BENCH_INSTEAD_LEFT_H
#define BENCH_INSTEAD_LEFT_H

#include <stdint.h>

double left_resident(void);      /* bytes */
double left_peak(void);          /* bytes, since left_peak_reset() */
void left_peak_reset(void);
double left_heap(void);          /* bytes in use, by the allocator's own account: takes its locks */
int32_t left_threads(void);
int32_t left_processes(void);    /* children of the main thread */
int32_t left_descriptors(void);

/* left_heap_damaged - allocate, fill, compare and free; how many blocks were not whole. */
uint32_t left_heap_damaged(void);

#endif
