/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - why something about libsets failed: the last reason of each thread, for inger_strerror(), and of each call, which
 * may be on another thread when it asks. */
#include "libset.h"
#include "../include/inger.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of the control thread, and of threads that the library does not know. What went wrong on the control thread is handed
 * to the thread that gave the order (control.c). */
static struct shim_reason elsewhere;

static struct shim_reason *here(void)
{
	struct shim_call *call = shim_tls.call;
	struct shim_thread *t = shim_tls.thread;

	if (call && !call->adopted)
		return &call->reason;
	return t ? &t->reason : &elsewhere;
}

void gotcha_fail(int error, const char *object, const char *format, ...)
{
	va_list args;
	struct shim_reason *reason = here();
	const size_t bytes = sizeof reason->text;
	size_t n = (size_t)snprintf(reason->text, bytes, "%s: ", object);

	va_start(args, format);
	if (n < bytes)
		vsnprintf(reason->text + n, bytes - n, format, args);
	va_end(args);
	reason->error = error;
	errno = error;
}

/* For Go, which can't call variadic functions. */
void gotcha_refuse(int error, const char *object, const char *why);
void gotcha_refuse(int error, const char *object, const char *why)
{
	gotcha_fail(error, object, "%s", why);
}

/* Take over the reason of an order that failed. */
void gotcha_fail_as(int error, const char *text)
{
	struct shim_reason *reason = here();

	if (text != reason->text)
		snprintf(reason->text, sizeof reason->text, "%s", text);
	reason->error = error;
	errno = error;
}

const char *gotcha_reason(void)
{
	return here()->text;
}

SHIM_EXPORT const char *inger_strerror(int error)
{
	const struct shim_reason *reason = here();
	const char *plain = strerrordesc_np(error);

	if (error && reason->error == error && reason->text[0])
		return reason->text;
	return plain ? plain : "unknown error";
}
