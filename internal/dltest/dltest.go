// SPDX-License-Identifier: Apache-2.0

// Package dltest asks the dynamic linker, for tests that compare its answers with ours.
// Importing it makes a test program one that is dynamically linked.
package dltest

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

static unsigned long map_of(void *handle)
{
	struct link_map *map = 0;
	return dlinfo(handle, RTLD_DI_LINKMAP, &map) ? 0 : (unsigned long)map;
}

static unsigned long call(unsigned long function, unsigned long argument)
{
	return ((unsigned long (*)(unsigned long))function)(argument);
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Library is what dlopen() returned.
type Library struct{ handle unsafe.Pointer }

// Open loads a library, or with "" gives the program.
func Open(path string) (Library, error) {
	var name *C.char
	if path != "" {
		name = C.CString(path)
		defer C.free(unsafe.Pointer(name))
	}
	h := C.dlopen(name, C.RTLD_NOW)
	if h == nil {
		return Library{}, fmt.Errorf("dlopen: %s", C.GoString(C.dlerror()))
	}
	return Library{h}, nil
}

// LinkMap is the library's struct link_map.
func (l Library) LinkMap() uintptr { return uintptr(C.map_of(l.handle)) }

// Symbol is dlsym(), or dlvsym() when version is not empty. 0 is "not found".
func (l Library) Symbol(name, version string) uintptr {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	if version == "" {
		return uintptr(C.dlsym(l.handle, n))
	}
	v := C.CString(version)
	defer C.free(unsafe.Pointer(v))
	return uintptr(C.dlvsym(l.handle, n, v))
}

// Close is dlclose().
func (l Library) Close() { C.dlclose(l.handle) }

// Call calls a function that takes and returns a word.
func Call(function, argument uintptr) uintptr {
	return uintptr(C.call(C.ulong(function), C.ulong(argument)))
}
