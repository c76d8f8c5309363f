/* SPDX-License-Identifier: Apache-2.0 */
/* See isolate_loader_table.h. */
#include "isolate_loader_table.h"

static int counter;
int table_shared = 3;
const struct table table_offered = { table_next, table_start };
static const struct table hidden_table = { table_next, table_start };

void table_start(int value) { counter = value; }
int table_next(void) { return ++counter; }
void table_start_by_address(void *value) { counter = (int)(long)value; }
const struct table *table_inside(void) { return &hidden_table; }
void table_fill(struct table *table) { *table = table_offered; }
int (*table_function(void))(void) { return table_next; }
int table_is_next(int (*function)(void)) { return function == table_next; }
int table_read_shared(void) { return table_shared; }

int table_call(int (*function)(int), int value)
{
	counter++;
	return function(value);
}
