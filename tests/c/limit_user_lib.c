/* SPDX-License-Identifier: Apache-2.0 */
/* limit_user_lib: liblimit_user.so, liblimit_lazy.so and liblimit_now.so, see limit_where.h. */
#include "limit_where.h"

static where_function *const table[] = {where_spin, where_quick};
where_function *user_pointer;

long user_calls(long value) { return where_spin(value) + 10; }
long user_table(int which, long value) { return table[which](value); }
long user_quick(long value) { return where_quick(value) + 10; }
long user_stored(long value) { return user_pointer(value); }
