/* SPDX-License-Identifier: Apache-2.0 */
/* tap.h - Test Anything Protocol for the C programs of this folder.
 * Threads      any; lines and their numbers come out in one order.
 * Preemptible  no: call these from the side that resumes. A call that is paused inside of ok() holds its lock.
 * Lines are formatted in a local buffer and written by write(2), so that the report does not depend on the streams
 * that some tests bring into odd states. */
#ifndef TAP_H
#define TAP_H

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	pthread_mutex_t mu; /* guards what follows, and the order of lines */
	int planned, ran, failed;
} tap_ = { PTHREAD_MUTEX_INITIALIZER, 0, 0, 0 };

__attribute__((unused)) static void tap_write_(const char *text, int length)
{
	while (length > 0) {
		ssize_t n = write(STDOUT_FILENO, text, (size_t)length);
		if (n < 0 && errno != EINTR)
			_exit(255);
		if (n > 0) {
			text += n;
			length -= (int)n;
		}
	}
}

__attribute__((unused, format(printf, 1, 0))) static void tap_line_(const char *format, va_list args)
{
	char line[1024];
	int n = vsnprintf(line, sizeof line - 1, format, args);
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n] = '\n';
	tap_write_(line, n + 1);
}

__attribute__((unused, format(printf, 1, 2))) static void tap_print_(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tap_line_(format, args);
	va_end(args);
}

__attribute__((unused)) static void plan(int tests)
{
	tap_.planned = tests;
	tap_print_("1..%d", tests);
}

/* diag - a comment line. */
__attribute__((unused, format(printf, 1, 2))) static void diag(const char *format, ...)
{
	char text[900];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	pthread_mutex_lock(&tap_.mu);
	tap_print_("# %s", text);
	pthread_mutex_unlock(&tap_.mu);
}

__attribute__((unused, format(printf, 5, 6)))
static int tap_ok_(int pass, const char *file, int line, const char *condition, const char *format, ...)
{
	char name[400];
	va_list args;
	va_start(args, format);
	vsnprintf(name, sizeof name, format, args);
	va_end(args);
	pthread_mutex_lock(&tap_.mu);
	tap_print_("%s %d - %s", pass ? "ok" : "not ok", ++tap_.ran, name);
	if (!pass) {
		tap_.failed++;
		tap_print_("# %s:%d: %s", file, line, condition);
	}
	pthread_mutex_unlock(&tap_.mu);
	return pass;
}

/* ok - one test: condition, then its name as for printf. */
#define ok(condition, ...) tap_ok_(!!(condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

/* is_int - one test: got equals want; both are shown when they differ. */
#define is_int(got, want, ...) tap_is_int_((long long)(got), (long long)(want), __FILE__, __LINE__, #got, __VA_ARGS__)
#define tap_is_int_(got, want, file, line, text, ...) do { \
		long long got_ = (got), want_ = (want); \
		char text_[200]; \
		snprintf(text_, sizeof text_, "%s is %lld, want %lld", text, got_, want_); \
		tap_ok_(got_ == want_, file, line, text_, __VA_ARGS__); \
	} while (0)

/* skip - count `tests` tests as skipped, with the reason. */
__attribute__((unused)) static void skip(int tests, const char *reason)
{
	pthread_mutex_lock(&tap_.mu);
	while (tests-- > 0)
		tap_print_("ok %d # SKIP %s", ++tap_.ran, reason);
	pthread_mutex_unlock(&tap_.mu);
}

/* bail - the test cannot go on: one failing line, with errno. */
__attribute__((unused, noreturn)) static void bail(const char *what)
{
	int error = errno;
	pthread_mutex_lock(&tap_.mu);
	tap_print_("not ok %d - %s: %s", ++tap_.ran, what, strerror(error));
	_exit(1);
}

/* done - the exit status of main(). */
__attribute__((unused)) static int done(void)
{
	pthread_mutex_lock(&tap_.mu);
	if (tap_.ran != tap_.planned)
		tap_print_("# planned %d tests, ran %d", tap_.planned, tap_.ran);
	if (tap_.failed)
		tap_print_("# failed %d of %d tests", tap_.failed, tap_.ran);
	pthread_mutex_unlock(&tap_.mu);
	return tap_.failed || tap_.ran != tap_.planned;
}

#endif
