/* SPDX-License-Identifier: Apache-2.0 */
/* libloader_plugin.so, libloader_extension.so: objects that need libinger.so themselves, so they are parts of the program:
 * there is one of each, and its calls into libraries follow the libset. */
#include "inger.h"
#include "isolate_loader_table.h"

static int calls;
static int (*const in_constants)(void) = table_next;

int plugin_calls(void) { return ++calls; }
const void *plugin_place(void) { return &calls; }
int plugin_next(void) { return table_next(); }
int plugin_next_by_table(void) { return in_constants(); }
void plugin_start(int value) { table_start(value); }

struct launched {
	int first, second;
};

static void inside(void *arg)
{
	struct launched *l = arg;
	table_start(300);
	l->first = table_next();
	inger_pause();
	l->second = table_next();
}

/* launch() from a plugin, and libraries between its two halves. */
int plugin_launch(int *between)
{
	struct launched l = { 0 };
	linger_t call = launch(inside, TO_COMPLETION, &l);
	*between = table_next();
	if (!call.continuation || resume(&call, TO_COMPLETION) != 0 || !call.is_complete)
		return -1;
	return l.first == 301 && l.second == 302;
}
