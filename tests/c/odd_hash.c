/* SPDX-License-Identifier: Apache-2.0 */
/* odd_hash.c - a library that has the old hash table only, as other linkers make it: its functions and variables are found, by name
 * and in a private copy, and launched. */
#include "helpers.h"
#include "gotcha.h"
#include <dlfcn.h>

int main(void)
{
	char path[4096];

	plan(6);
	beside_program(path, sizeof path, "libodd_hash.so");
	void *handle = dlopen(path, RTLD_NOW);
	if (!handle)
		bail(path);
	int (*count)(void) = (int (*)(void))dlsym(handle, "odd_hash_count");
	is_int(count(), 1, "the library's own");
	gotcha_t *copy = gotcha_open(path);
	if (!copy)
		bail("gotcha_open");
	int (*own)(void) = (int (*)(void))gotcha_sym(copy, "odd_hash_count");
	int *variable = gotcha_sym(copy, "odd_hash_variable");
	ok(own && own != count && variable, "a copy's function and variable are found");
	if (own && variable) {
		is_int(own(), 1, "the copy counts for itself");
		is_int(*variable, 1, "in its own variable");
	} else {
		skip(2, "there is none");
	}
	is_int(count(), 2, "and the library for itself");
	ok(!gotcha_sym(copy, "odd_hash_nothing"), "what is not there is not there");
	gotcha_close(copy);
	return done();
}
