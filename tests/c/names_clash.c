/* SPDX-License-Identifier: Apache-2.0 */
/* names_clash: a program whose libraries have a launch(), resume() and cancel() of their own reaches those, although the
 * library exports the same names and comes first in the search order. */
#include <dlfcn.h>
#include "tap.h"

int clash_direct(int which);
int clash_table(int which);
int clash_address(int which);

#ifdef TEST_PRELOADED
/* This program does not need libinger.so: its own references, too, mean its own library. */
int launch(int);
int resume(int);
int cancel(int);
#endif

static const int want[] = { 101, 202, 303 };
static const char *const names[] = { "launch", "resume", "cancel" };

int main(void)
{
	plan(13);
	ok(dlsym(RTLD_DEFAULT, "inger_launch") != NULL, "the library is there");
	for (int i = 0; i < 3; i++) {
		is_int(clash_direct(i), want[i], "the library's call of %s() reaches its own", names[i]);
		is_int(clash_table(i), want[i], "the library's table of functions reaches its own %s()", names[i]);
		is_int(clash_address(i), want[i], "the address of %s() in the library is its own", names[i]);
	}
#ifdef TEST_PRELOADED
	is_int(launch(1), want[0], "the program's call of launch() reaches its library's");
	is_int(resume(2), want[1], "the program's call of resume() reaches its library's");
	is_int(cancel(3), want[2], "the program's call of cancel() reaches its library's");
#else
	skip(3, "a program that needs libinger.so means libinger's");
#endif
	return done();
}
