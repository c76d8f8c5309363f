/* SPDX-License-Identifier: Apache-2.0 */
/* libloader_unique_1.so and _2.so, which do not know each other: both have the same inline variable, of which the dynamic linker
 * makes one for the process, although each is opened for itself (STB_GNU_UNIQUE). */
inline int unique_variable = 5;
static int *in_data = &unique_variable;
static int *const in_constants[] = { &unique_variable };

extern "C" int *unique_by_reference() { return &unique_variable; }
extern "C" int *unique_by_data() { return in_data; }
extern "C" int *unique_by_constant() { return in_constants[0]; }
extern "C" void unique_move(int *to) { in_data = to; }
