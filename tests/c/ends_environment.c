/* SPDX-License-Identifier: Apache-2.0 */
/* ends_environment.c - a function that has changed the environment is cancelled: what it put there stays. */
#include "helpers.h"

extern char **environ;
static volatile int begun;

static void wait_for_end(void)
{
	begun = 1;
	for (;;)
		;
}

static void puts_string(void *unused)
{
	(void)unused;
	putenv(strcpy(malloc(100), "ENDS_PUT=put"));
	wait_for_end();
}

static void sets(void *unused)
{
	char name[32];

	(void)unused;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "ENDS_SET%d", i);
		setenv(name, "set", 1);
	}
	wait_for_end();
}

static void lays_out(void *unused)
{
	size_t count = 0;

	(void)unused;
	while (environ[count])
		count++;
	char **array = malloc((count + 2) * sizeof *array);
	for (size_t i = 0; i < count; i++)
		array[i] = strdup(environ[i]);
	array[count] = strdup("ENDS_LAID=laid");
	array[count + 1] = NULL;
	environ = array;
	wait_for_end();
}

/* Memory of the function's that is free is used again. */
static void use_again(void)
{
	void *blocks[2000];

	for (size_t i = 0; i < 2000; i++)
		blocks[i] = memset(malloc(16 + i % 100 * 16), 'x', 16 + i % 100 * 16);
	for (size_t i = 0; i < 2000; i++)
		free(blocks[i]);
}

static bool is(const char *name, const char *want)
{
	const char *value = getenv(name);

	return value && strcmp(value, want) == 0;
}

static bool cancels(void (*function)(void *), enum inger_isolation isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;

	attr.isolation = isolation;
	begun = 0;
	linger_t call = inger_launch_attr(function, 1000, NULL, &attr);
	for (int i = 0; i < 10000 && call.continuation && !begun; i++)
		if (resume(&call, 1000) != 0)
			return false;
	bool done = begun && call.continuation && cancel(&call) == 0;
	use_again();
	return done;
}

int main(void)
{
	static const enum inger_isolation kinds[] = {INGER_SHARED, INGER_ISOLATED};

	plan(6);
	for (int i = 0; i < 2; i++) {
		const char *kind = i ? "isolated" : "shared";
		ok(cancels(puts_string, kinds[i]) && is("ENDS_PUT", "put"), "%s: a string of putenv()", kind);
		ok(cancels(sets, kinds[i]) && is("ENDS_SET99", "set") && setenv("ENDS_SET99", "set again", 1) == 0 && is("ENDS_SET99", "set again"),
		   "%s: what setenv() has made", kind);
		ok(cancels(lays_out, kinds[i]) && is("ENDS_LAID", "laid") && is("ENDS_PUT", "put"), "%s: an environment of its own", kind);
		unsetenv("ENDS_PUT");
		unsetenv("ENDS_LAID");
	}
	return done();
}
