// SPDX-License-Identifier: Apache-2.0

// Package standin stands in for package shim in tests of package gotcha, which refers to it but does not link with it.
// It also does what needs cgo, which tests can't have.
package standin

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -fvisibility=hidden
#cgo LDFLAGS: -ldl
#include "standin.h"
#include <stdbool.h>
#include <stdlib.h>

bool gotcha_table_init(void);
const char *gotcha_reason(void);
*/
import "C"

import "unsafe"

// Told gives what the user was told since the last time, a line each.
func Told() string {
	text := C.standin_told()
	defer C.free(unsafe.Pointer(text))
	return C.GoString(text)
}

// Limited counts the calls that went through stubs of limits.
func Limited() uint64 { return uint64(C.standin_limited) }

// Tables makes the table of the starting libset.
func Tables() bool { return bool(C.gotcha_table_init()) }

// Reason says why the last order was refused.
func Reason() string { return C.GoString(C.gotcha_reason()) }

// Text gives a C string, which is never freed.
func Text(text string) unsafe.Pointer { return unsafe.Pointer(C.CString(text)) }
