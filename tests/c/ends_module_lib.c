/* SPDX-License-Identifier: Apache-2.0 */
/* ends_module_lib.c - a library with SIZE bytes of thread-local data. */
static __thread char data[SIZE] = "initial";
char *module_data(void) { return data; }
