/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_back_lib: a part of the program, since it needs libinger.so, that calls a library with state. */
#include "isolate_lib.h"

int back_next(void);
int back_next(void) { return lib_next(); }
