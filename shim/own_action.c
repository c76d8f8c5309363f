/* SPDX-License-Identifier: Apache-2.0 */
/* own_action.c - signal handlers in a libset's code. When the libset goes, each signal gets back what it had before code of a
 * libset set its handler. Those that the program's code sets are the process's, as ever. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <signal.h>

static struct sigaction replaced[_NSIG];

static struct gotcha_set *set_of(const struct sigaction *action)
{
	return action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN ? NULL : gotcha_set_at((uint64_t)action->sa_sigaction);
}

void own_action_note(int sig, const struct sigaction *wanted)
{
	struct gotcha_set *set = set_of(wanted);
	struct sigaction now;

	if (SHIM_LIKELY(!set) || !shim_in_own_process() || shim_set_action(sig, NULL, &now) != 0)
		return;
	set->owner.registered |= REG_ACTIONS;
	if (!set_of(&now))
		replaced[sig] = now;
}

void own_actions_drop(const struct gotcha_set *set)
{
	for (int sig = 1; sig < _NSIG; sig++) {
		struct sigaction now;
		if (shim_set_action(sig, NULL, &now) == 0 && set_of(&now) == set)
			shim_set_action(sig, &replaced[sig], NULL);
	}
}
