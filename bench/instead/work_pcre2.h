/* SPDX-License-Identifier: Apache-2.0 */
/* work_pcre2.h - where a yield can be placed in a match: a compile option and a function of the match context. */
#ifndef BENCH_INSTEAD_WORK_PCRE2_H
#define BENCH_INSTEAD_WORK_PCRE2_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct pcre2_places {
	uint32_t options;
	pcre2_match_context *context;
};

#endif
