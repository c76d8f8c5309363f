/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEEPBIND_LIB_H
#define DEEPBIND_LIB_H
#include <stdio.h>

extern FILE *deep_stream;
int deep_sleep(unsigned us);
int deep_sleep_by_pointer(unsigned us);
void deep_allocate(void *unused);
void deep_print(void *unused);
long deep_labs(long value);
unsigned deep_alarm(unsigned seconds);
#endif
