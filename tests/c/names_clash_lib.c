/* SPDX-License-Identifier: Apache-2.0 */
/* names_clash_lib: a library with functions of its own that happen to be called launch, resume and cancel. */
int launch(int value);
int resume(int value);
int cancel(int value);

int launch(int value) { return value + 100; }
int resume(int value) { return value + 200; }
int cancel(int value) { return value + 300; }

/* These go through the PLT, the table through relocated data, the last through the GOT. */
static int (*const table[])(int) = { launch, resume, cancel };

int clash_direct(int which) { return which == 0 ? launch(1) : which == 1 ? resume(2) : cancel(3); }
int clash_table(int which) { return table[which](which + 1); }
int clash_address(int which)
{
	int (*volatile function)(int) = which == 0 ? launch : which == 1 ? resume : cancel;
	return function(which + 1);
}
