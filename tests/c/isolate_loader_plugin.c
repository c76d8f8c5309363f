/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_plugin: objects that need libinger.so are parts of the program: one that is there from the start, and
 * one that is opened when functions have been isolated already. */
#include <dlfcn.h>
#include "helpers.h"
#include "isolate_loader_table.h"

int plugin_calls(void);
const void *plugin_place(void);
int plugin_next(void);
int plugin_next_by_table(void);
void plugin_start(int value);
int plugin_launch(int *between);

struct plugin {
	int (*calls)(void);
	const void *(*place)(void);
	int (*next)(void), (*next_by_table)(void);
	void (*start)(int);
	int (*launch)(int *);
};

static const struct plugin linked = { plugin_calls, plugin_place, plugin_next, plugin_next_by_table, plugin_start, plugin_launch };
static struct plugin extension;

static bool open_extension(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	if (n < 0)
		bail("readlink");
	path[n] = 0;
	strcpy(strrchr(path, '/'), "/loader/libloader_extension.so");
	void *handle = dlopen(path, RTLD_LAZY);
	if (!handle)
		bail(dlerror());
	extension = (struct plugin){ (int (*)(void))dlsym(handle, "plugin_calls"), (const void *(*)(void))dlsym(handle, "plugin_place"),
		(int (*)(void))dlsym(handle, "plugin_next"), (int (*)(void))dlsym(handle, "plugin_next_by_table"),
		(void (*)(int))dlsym(handle, "plugin_start"), (int (*)(int *))dlsym(handle, "plugin_launch") };
	return extension.launch != NULL;
}

struct use {
	const struct plugin *plugin;
	const void *place;
	int calls, first, second, third, direct;
};

static void use_inside(void *arg)
{
	struct use *u = arg;
	u->calls = u->plugin->calls();
	u->place = u->plugin->place();
	u->plugin->start(100);
	u->first = u->plugin->next();
	inger_pause();
	u->second = u->plugin->next();
	u->third = u->plugin->next_by_table();
	u->direct = table_next();
}

static void test(const struct plugin *plugin, const char *name)
{
	struct use one = { .plugin = plugin }, other = { .plugin = plugin };
	int between = 0;
	table_start(0);
	plugin->calls();
	linger_t calls[] = { launch(use_inside, TO_COMPLETION, &one), launch(use_inside, TO_COMPLETION, &other) };
	is_int(plugin->calls(), 4, "%s: of its own variables there is one", name);
	ok(one.calls == 2 && other.calls == 3 && one.place == plugin->place() && other.place == one.place, "%s: inside, too", name);
	is_int(plugin->next(), 1, "%s: outside its library is the program's", name);
	is_int(plugin->next_by_table(), 2, "%s: by its table as well", name);
	ok(finish(&calls[1], TO_COMPLETION) == 1 && finish(&calls[0], TO_COMPLETION) == 1, "%s: both functions finish", name);
	ok(one.first == 101 && one.second == 102 && one.third == 103 && one.direct == 104 && other.first == 101 && other.second == 102 &&
		other.third == 103 && other.direct == 104, "%s: inside its library is the libset's", name);
	is_int(plugin->launch(&between), 1, "%s: it can launch", name);
	is_int(between, 3, "%s: and works on the program's library meanwhile", name);
}

int main(void)
{
	plan(17);
	test(&linked, "linked");
	ok(open_extension(), "another one is opened");
	test(&extension, "opened");
	return done();
}
