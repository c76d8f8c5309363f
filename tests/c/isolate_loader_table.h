/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_table.h - libloader_table.so: a counter, and the ways in which its functions are found. */
#ifndef ISOLATE_LOADER_TABLE_H
#define ISOLATE_LOADER_TABLE_H

struct table {
	int (*next)(void);
	void (*start)(int);
};

void table_start(int value);
int table_next(void);              /* one more than before */
void table_start_by_address(void *value); /* for launch(): the value is an int cast */
extern int table_shared;           /* the program refers to it, so there is one */
extern const struct table table_offered; /* the program may have a copy of it (R_X86_64_COPY) */
const struct table *table_inside(void);
void table_fill(struct table *table);
int (*table_function(void))(void);
int table_is_next(int (*function)(void));
int table_call(int (*function)(int), int value); /* function(value), and a step of the counter */
int table_read_shared(void);

#endif
