/* SPDX-License-Identifier: Apache-2.0 */
/* What RTLD_DEEPBIND is for: a function of libc's name that a library brings along for itself. */
#include <stddef.h>
#include <stdlib.h>

long labs(long value)
{
	return 1000 + value;
}

unsigned alarm(unsigned seconds)
{
	return 2000 + seconds;
}
