/* SPDX-License-Identifier: Apache-2.0 */
/* hand_pcre2.c - a yield each so many callouts, which pcre2 places before each item of the pattern. */
#include "work_pcre2.h"

#include "instead.h"

enum { CALLOUTS = 256 };

static int each(pcre2_callout_block *where, void *count) {
	(void)where;
	return ++*(unsigned *)count % CALLOUTS || coop_yield() ? 0 : PCRE2_ERROR_CALLOUT;
}

bool hand_pcre2(void *places);
bool hand_pcre2(void *places) {
	static unsigned count;
	struct pcre2_places *p = places;
	p->options |= PCRE2_AUTO_CALLOUT;
	pcre2_set_callout(p->context, each, &count);
	return true;
}
