/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_lib.h - a library with every kind of relocation, which looks at itself: each word that the dynamic
 * linker writes must lead into the same instance. One source, linked in many ways (isolate_loader.mk). */
#ifndef ISOLATE_LOADER_LIB_H
#define ISOLATE_LOADER_LIB_H

/* What the library refers to in the program. */
extern int loader_program_variable;
int loader_program_function(int value);

struct loader_place {
	const void *variable; /* a static variable of this instance */
	const int *program_variable;
	int (*program_function)(int);
};

/* libloader_base.so, which the others need. */
extern int base_variable[4];
int *base_place(void);
int base_count(void);
int base_indirect(int value);      /* chosen when it is loaded (ifunc) */
int base_only_one(void);           /* two versions of one name: */
int base_versioned(void);          /* BASE_2, the default; BASE_1 is called by name and version */

/* Of each variant. look: the names of what is wrong, separated by spaces; "" when nothing is. */
const char *loader_look(void);
void loader_where(struct loader_place *place);
int loader_count(void);            /* one more each time */
void loader_spoil(void);           /* gives every variable another value, so that a copy that begins with it is found out */

#endif
