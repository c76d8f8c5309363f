/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - getopt() in isolated functions. Its hidden state is the libset's, but optind, optarg, opterr and optopt are
 * variables of the program, whose code reaches them directly. So they are exchanged whenever an isolated function begins,
 * pauses, goes on or ends: each side finds its own. Nothing is done in programs that do not refer to them. */
#include "libset.h"
#include <unistd.h>

typedef int getopt_function(int, char *const *, const char *);

SHIM_SLOT(getopt);

/* The last function in this libset may have stopped in the middle of a word; optind 0 makes getopt() begin anew. */
static void reset_copy(struct gotcha_set *set)
{
	char nothing[] = "", *arguments[] = {nothing, NULL};
	int saved = *gotcha_program.optind;

	*gotcha_program.optind = 0;
	((getopt_function *)gotcha_copy_of_libc(set, (uint64_t)shim_real_getopt))(1, arguments, "");
	*gotcha_program.optind = saved;
	set->options_used = false;
}

void gotcha_begin_options(struct shim_call *call)
{
	if (SHIM_UNLIKELY(call->set->options_used))
		reset_copy(call->set);
	call->options = (struct shim_options){NULL, 1, 1, '?'};
}

void gotcha_swap_options(struct shim_call *call)
{
	struct gotcha_plan *p = &gotcha_program;
	struct shim_options here = {*p->optarg, *p->optind, *p->opterr, *p->optopt};

	*p->optarg = call->options.optarg;
	*p->optind = call->options.optind;
	*p->opterr = call->options.opterr;
	*p->optopt = call->options.optopt;
	call->options = here;
}
