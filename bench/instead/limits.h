/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - the settings of the measurement: printed with it. */
#ifndef BENCH_INSTEAD_LIMITS_H
#define BENCH_INSTEAD_LIMITS_H

enum {
	BUDGET_US = 10000,      /* of a call in the mix; good ones take a tenth or less */
	MIX_BAD_OF = 20,        /* one in so many is bad: 5 % */
	STORM_BUDGET_US = 800,  /* on average about; each has another one, so that they are stopped in many places */
	STORM_THREADS = 12,     /* left over: the storm ends */
	SETTLE_US = 20000,
};
#define DATA_LIMIT (UINT64_C(3) << 30) /* bytes of private writable memory of a process */

#endif
