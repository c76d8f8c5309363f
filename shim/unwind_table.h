/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_table.h - what unwinding through a frame does besides running destructors. */
#ifndef SHIM_UNWIND_TABLE_H
#define SHIM_UNWIND_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum shim_effect { NOTHING_ELSE, ENDS_PROGRAM, CATCHES_ALL };

/* `place` is the distance of the call that is under way from its function's beginning. What can't be read is left to the frame's own
 * language. */
enum shim_effect shim_unwind_effect(const unsigned char *table, uint64_t place);

#endif
