/* SPDX-License-Identifier: Apache-2.0 */
/* benchlib.c - libbenchlib.so. */
#include "benchlib.h"

volatile unsigned long benchlib_copied, benchlib_far;

void benchlib_nothing(void) {}

static void zero(void) {}
static void one(void) {}
static void two(void) {}
static void three(void) {}

void (*benchlib_table[BENCHLIB_TABLE])(void) = { zero, one, two, three };
