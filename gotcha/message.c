/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - why something about libsets failed: each thread's last reason, for inger_strerror(). */
#include "libset.h"
#include "../include/inger.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of the control thread, and of threads that the library does not know. What went wrong on the control thread is handed
 * to the thread that gave the order (control.c). */
static int elsewhere_error;
static char elsewhere[sizeof ((struct shim_thread *)0)->reason];

static char *buffer(int **error)
{
	struct shim_thread *t = shim_tls.thread;

	*error = t ? &t->reason_error : &elsewhere_error;
	return t ? t->reason : elsewhere;
}

void gotcha_fail(int error, const char *object, const char *format, ...)
{
	const size_t bytes = sizeof elsewhere;
	va_list args;
	int *where;
	char *text = buffer(&where);
	size_t n = (size_t)snprintf(text, bytes, "%s: ", object);

	va_start(args, format);
	if (n < bytes)
		vsnprintf(text + n, bytes - n, format, args);
	va_end(args);
	*where = error;
	errno = error;
}

/* For Go, which can't call variadic functions. */
void gotcha_refuse(int error, const char *object, const char *why);
void gotcha_refuse(int error, const char *object, const char *why)
{
	gotcha_fail(error, object, "%s", why);
}

/* Take over the reason of an order that failed. */
void gotcha_fail_as(int error, const char *reason)
{
	int *where;
	char *text = buffer(&where);

	if (reason != text)
		snprintf(text, sizeof elsewhere, "%s", reason);
	*where = error;
	errno = error;
}

const char *gotcha_reason(void)
{
	int *error;

	return buffer(&error);
}

SHIM_EXPORT const char *inger_strerror(int error)
{
	int *of;
	const char *text = buffer(&of);
	const char *plain = strerrordesc_np(error);

	if (error && *of == error && text[0])
		return text;
	return plain ? plain : "unknown error";
}
