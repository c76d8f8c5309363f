/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the options in force. Filled by Go (package options has the table) before the first launch; read by C. */
#ifndef SHIM_CONFIG_H
#define SHIM_CONFIG_H

#include <stdint.h>

enum shim_clock_kind { SHIM_CLOCK_AUTO, SHIM_CLOCK_TIMER, SHIM_CLOCK_TIMEKEEPER };

struct shim_config {
	uint64_t slice_ns;    /* 0: main() is not sliced */
	uint64_t stack_bytes; /* 0: RLIMIT_STACK or 8 MiB */
	uint64_t seed;        /* of the torture; 0: from the clock */
	uint32_t clock;       /* enum shim_clock_kind; AUTO is replaced at start */
	uint32_t torture;
	uint32_t stats;
	uint32_t follow;
	uint32_t fsgsbase; /* may be used */
	uint32_t libsets;  /* kept ready ahead */
	uint32_t trace_events; /* INGER_TRACE_EVENTS */
	uint32_t isolate;  /* launch() without attributes */
	uint32_t own_malloc; /* launch in programs that have their own malloc() */
	uint32_t signal;   /* ends a slice; not written once there is a handler for it */
};
extern struct shim_config shim_config;

/* The last but one by default, because valgrind keeps the last for itself. */
#define SHIM_SIGNAL_DEFAULT 63
#define SHIM_SIGNAL ((int)shim_config.signal)
#define SHIM_SIGNAL_BIT (1ull << (shim_config.signal - 1)) /* in the kernel's masks */

#endif
