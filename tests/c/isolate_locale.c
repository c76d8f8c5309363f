/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_locale: a paused isolated function goes on in the locale in which it began, whatever the program sets meanwhile; a
 * locale that is set inside a libset stays there. */
#include <locale.h>
#include "gotcha.h"
#include "isolate.h"

static void format_twice(void *arg)
{
	char *text = arg;
	snprintf(text, 32, "%.1f", 1.5);
	inger_pause();
	snprintf(text + 32, 32, "%.1f", 2.5);
}

static void set_and_format(void *arg)
{
	setlocale(LC_ALL, "de_DE.UTF-8");
	format_twice(arg);
}

static linger_t launched(void (*function)(void *), char *text, uint32_t isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	return inger_launch_attr(function, TO_COMPLETION, text, &attr);
}

static bool says(const char *text, const char *first, const char *second)
{
	if (!strcmp(text, first) && !strcmp(text + 32, second))
		return true;
	diag("says %s and %s, want %s and %s", text, text + 32, first, second);
	return false;
}

static gotcha_t *entered;
static void enter_for_good(void *arg)
{
	if (gotcha_enter(entered) == 0 && setlocale(LC_ALL, "de_DE.UTF-8"))
		*(int *)arg = 1;
	inger_pause();
}

int main(void)
{
	char before[64], after[64], own[64], shared[64];
	plan(13);
	use_locales();
	linger_t a = launched(format_twice, before, INGER_ISOLATED), c = launched(set_and_format, own, INGER_ISOLATED);
	linger_t s = launched(format_twice, shared, INGER_SHARED);
	ok(setlocale(LC_ALL, "de_DE.UTF-8") != NULL, "the program sets a locale");
	linger_t b = launched(format_twice, after, INGER_ISOLATED);
	resume(&a, TO_COMPLETION);
	ok(says(before, "1.5", "2.5"), "a function that was paused goes on in the one before");
	resume(&s, TO_COMPLETION);
	ok(says(shared, "1.5", "2,5"), "one that shares the program's libraries sees the change");
	setlocale(LC_ALL, "C");
	resume(&b, TO_COMPLETION);
	ok(says(after, "1,5", "2,5"), "one that is launched then begins in the new one, and stays in it");
	resume(&c, TO_COMPLETION);
	ok(says(own, "1,5", "2,5"), "one that has set its own stays in that");
	a = launched(format_twice, before, INGER_ISOLATED);
	resume(&a, TO_COMPLETION);
	ok(says(before, "1.5", "2.5"), "the next function in the same libset begins in the program's");

	entered = gotcha_open(NULL);
	ok(entered && gotcha_enter(entered) == 0, "the program enters a libset");
	setlocale(LC_ALL, "de_DE.UTF-8");
	snprintf(own, sizeof own, "%.1f", 1.5);
	gotcha_leave();
	snprintf(after, sizeof after, "%.1f", 1.5);
	ok(!strcmp(own, "1,5") && !strcmp(after, "1.5"), "and leaves the locale in it (%s, %s)", own, after);

	int inside = 0;
	a = launch(enter_for_good, TO_COMPLETION, &inside);
	ok(inside && gotcha_close(entered) == -1 && errno == EBUSY, "a paused function is inside");
	ok(resume(&a, TO_COMPLETION) == 0 && a.is_complete, "it ends without leaving");
	a = launch(enter_for_good, TO_COMPLETION, &inside);
	ok(cancel(&a) == 0, "another is cancelled inside");
	is_int(gotcha_close(entered), 0, "then nobody is inside");
	a = launched(format_twice, before, INGER_ISOLATED);
	resume(&a, TO_COMPLETION);
	ok(says(before, "1.5", "2.5"), "nor is the locale that they set");
	return done();
}
