/* SPDX-License-Identifier: Apache-2.0 */
/* limited.h - what limited.c measures and case_limit.c reports. */
#ifndef BENCH_LIMITED_H
#define BENCH_LIMITED_H

enum { LIMITED_BATCH = 1000, LIMITED_FUNCTIONS = 2 };
/* Of all arguments: 2 + … + 10, 1 + 2 + 3 and 12, and the numbers below LIMITED_BATCH. */
#define LIMITED_SUM (LIMITED_BATCH * (54 + 6 + 12) + LIMITED_BATCH * (LIMITED_BATCH - 1) / 2.0)

#endif
