// SPDX-License-Identifier: Apache-2.0

// Package gotcha makes libsets: private copies of the program's libraries, which preemptible functions run in.
//
// Go decides, once: it reads the loaded objects (package elf), asks the policy (package interpose) what is copied and
// what is shared, and writes a plan into C memory. C acts: map.c makes libsets from the plan, table.c and pool.c hand
// them to calls, view.c answers for the dynamic linker, which does not know the copies.
//
// An object of the process is one of three things:
//
//   - program: the main program and every object that needs libinger.so. Not copied; its calls to copied libraries go
//     through trampolines to the libset of the moment.
//   - copied: a library. Its copies call each other directly, as the originals do.
//   - one: there is one for all libsets: the dynamic linker, the heap, libm and others (interpose.ObjectClass).
//
// libc is copied, but only the functions that interpose calls per-libset run in the copy.
//
// Everything here runs on the thread of control.c, one order at a time.
package gotcha

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wno-nonnull-compare -Wno-builtin-declaration-mismatch
#cgo CFLAGS: -fvisibility=hidden -fno-stack-protector
#include <stdlib.h>
#include <errno.h>
#include "libset.h"

void gotcha_refuse(int error, const char *object, const char *reason);
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// the is what is known about the process; used on the control thread only.
var the = world{}

//export gotcha_go_plan
func gotcha_go_plan(plan *C.struct_gotcha_plan) C.int {
	return outcome(func() error { return the.grow(plan) })
}

// outcome runs work inside somebody else's process: a mistake of ours ends as an error, not as a crash.
func outcome(work func() error) (status C.int) {
	defer func() {
		if r := recover(); r != nil {
			status = refuse("libsets", fmt.Errorf("internal error: %v", r))
		}
	}()
	if err := work(); err != nil {
		return refuse("libsets", err)
	}
	return 0
}

// tell says once what does not stop anything.
func tell(what, object string, err error) {
	a, b, c := C.CString(what), C.CString(object), C.CString(err.Error())
	defer C.free(unsafe.Pointer(a))
	defer C.free(unsafe.Pointer(b))
	defer C.free(unsafe.Pointer(c))
	C.shim_message(a, b, c)
}

func refuse(object string, err error) C.int {
	what, why := C.CString(object), C.CString(err.Error())
	defer C.free(unsafe.Pointer(what))
	defer C.free(unsafe.Pointer(why))
	C.gotcha_refuse(C.ENOSYS, what, why)
	return C.ENOSYS
}
