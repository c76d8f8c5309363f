/* SPDX-License-Identifier: Apache-2.0 */
/* limit_where.h - liblimit_where.so, whose functions have the limits, and libraries that call them: liblimit_user.so, which the
 * program needs, and liblimit_lazy.so and liblimit_now.so, which it opens. */
#ifndef LIMIT_WHERE_H
#define LIMIT_WHERE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef long where_function(long);
long where_spin(long value);  /* for ever */
long where_quick(long value); /* value + 1 */
long where_call(where_function *f, long value); /* f(value) + 1 */
long where_weak(long value) __attribute__((weak));   /* for ever */
long where_absent(long value) __attribute__((weak)); /* nowhere */
long where_chosen(long value); /* an IFUNC: value + 2 */
long where_chosen_spin(long value); /* an IFUNC: for ever */
long where_inside(long value); /* a hidden function of the library takes some milliseconds: value + 3 */
long where_old(long value);    /* two versions, @WHERE_1 and @@WHERE_2 */
void where_no_name(void);

/* liblimit_user.so, and the opened ones by dlsym(): */
long user_calls(long value);   /* where_spin */
long user_table(int which, long value); /* the same, where_quick, by a table in initialised data */
long user_quick(long value);   /* where_quick */
long user_stored(long value);  /* by a pointer that the program gives */
extern where_function *user_pointer;

#ifdef __cplusplus
}

struct Shape {
	long size;
	virtual long turn(long value); /* for ever */
	virtual long grow(long value); /* size += value */
	virtual ~Shape();
};
Shape *make_shape();
#endif
#endif
