/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - messages to the user: one line, straight to stderr, at most 16 a process but for those that were asked for.
 *
 * Context      anywhere, also a signal handler. No libc, no allocation. */
#include "shim.h"
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

#define MESSAGES_MAX 16
#define LINE_BYTES 512

void shim_write_text(char **at, char *end, const char *text)
{
	while (text && *text && *at < end)
		*(*at)++ = *text++;
}

void shim_write_number(char **at, char *end, uint64_t number)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n && *at < end)
		*(*at)++ = digits[--n];
}

/* Nanoseconds as microseconds with one decimal. */
void shim_write_tenths(char **at, char *end, uint64_t ns)
{
	shim_write_number(at, end, ns / 1000);
	shim_write_text(at, end, ".");
	shim_write_number(at, end, ns / 100 % 10);
}

void shim_report(const char *what, const char *object, const char *reason)
{
	char line[LINE_BYTES], *at = line, *end = line + sizeof line - 1;

	shim_write_text(&at, end, "libinger: ");
	shim_write_text(&at, end, what);
	if (object) {
		shim_write_text(&at, end, ": ");
		shim_write_text(&at, end, object);
	}
	if (reason) {
		shim_write_text(&at, end, ": ");
		shim_write_text(&at, end, reason);
	}
	*at++ = '\n';
	shim_syscall3(SYS_write, 2, line, at - line);
}

void shim_message(const char *what, const char *object, const char *reason)
{
	static _Atomic int messages;

	if (atomic_fetch_add(&messages, 1) < MESSAGES_MAX)
		shim_report(what, object, reason);
}
