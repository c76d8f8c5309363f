/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - what a process has in memory. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

/* KiB, from /proc/self. */
struct memory {
	double resident; /* VmRSS, with the pages that are shared with the page cache */
	double proportional; /* Pss: each shared page divided among those who have it mapped */
	double own;      /* pages of nobody else: anonymous memory, and pages of private mappings that were written */
	double tables;   /* VmPTE: the kernel's page tables */
};

struct memory memory_now(void);

/* mappings_now - of this process; mappings_limit - vm.max_map_count. */
size_t mappings_now(void);
size_t mappings_limit(void);

#endif
