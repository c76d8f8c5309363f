/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - why something about libsets failed: the last reason of each thread, for inger_strerror(). */
#include "libset.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REASON_BYTES 320

/* One for the process: a reason is read right after the failure, by the one who got it. */
static char reason[REASON_BYTES];
static atomic_flag writing = ATOMIC_FLAG_INIT;

void gotcha_fail(int error, const char *object, const char *format, ...)
{
	char text[REASON_BYTES];
	va_list args;
	int n = snprintf(text, sizeof text, "%s: ", object);

	va_start(args, format);
	if (n > 0 && n < (int)sizeof text)
		n += vsnprintf(text + n, sizeof text - (size_t)n, format, args);
	va_end(args);
	if (n > 0 && n < (int)sizeof text)
		snprintf(text + n, sizeof text - (size_t)n, ": %s", strerrordesc_np(error) ? strerrordesc_np(error) : "error");
	if (!atomic_flag_test_and_set(&writing)) {
		memcpy(reason, text, sizeof reason);
		atomic_flag_clear(&writing);
	}
	errno = error;
}

/* For Go, which can't call variadic functions. */
void gotcha_refuse(int error, const char *object, const char *why);
void gotcha_refuse(int error, const char *object, const char *why)
{
	gotcha_fail(error, object, "%s", why);
}

const char *gotcha_reason(void)
{
	return reason;
}
