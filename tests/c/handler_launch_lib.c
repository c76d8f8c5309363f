/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor, in each libset's copy too, has the program's handler run. */
#include <signal.h>
#include <stddef.h>

__attribute__((constructor)) static void made(void)
{
	struct sigaction now;

	if (sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler != SIG_DFL)
		raise(SIGUSR1);
}

int handler_launch_lib(void);
int handler_launch_lib(void)
{
	return 1;
}
