/* SPDX-License-Identifier: Apache-2.0 */
/* own_environment.c - the environment is the process's and outlives a call that changes it: a string that a function has put there, and an
 * array that it has made environ, are nobody's from then on. What setenv() makes is libc's own. */
#include "shim.h"
#include <stdlib.h>
#include <unistd.h>

SHIM_SLOT(putenv);

static void keep(const struct shim_owner *owner, const void *block)
{
	uint32_t *word = own_word(block), tag = own_tag(owner->tag, OWN_BLOCK);

	if (word)
		(void)__atomic_compare_exchange_n(word, &tag, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

SHIM_EXPORT int putenv(char *string)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, deferred);
	int result = SHIM_REAL(int (*)(char *), putenv)(string);

	if (result == 0 && owner)
		keep(owner, string);
	shim_defer_end(call, deferred);
	return result;
}

/* It may have laid out the environment itself, by assignment. */
void own_environment_keep(const struct shim_owner *owner)
{
	char **array = environ;
	const uint32_t *word = array ? own_word(array) : NULL;

	if (SHIM_LIKELY(!word || *word != own_tag(owner->tag, OWN_BLOCK)))
		return;
	for (char **string = array; *string; string++)
		keep(owner, *string);
	keep(owner, array);
}
