/* SPDX-License-Identifier: Apache-2.0 */
/* torture.h - between torture.c, torture_state.c and run.c, which starts them. */
#ifndef SHIM_TORTURE_H
#define SHIM_TORTURE_H

#include <stdbool.h>
#include <stdint.h>

/* How the functions that keep state from call to call take part. */
enum shim_torture_kind {
	SHIM_TORTURE_STATELESS, /* not at all */
	SHIM_TORTURE_SEPARATE,  /* in a libset of their own */
	SHIM_TORTURE_MIXED,     /* in main()'s libset, which they disturb */
};

void shim_torture_state_begin(enum shim_torture_kind kind);
void shim_torture_state_once(void);
uint32_t shim_torture_any(uint32_t limit);   /* below limit */
void shim_torture_wrong(const char *what);

#endif
