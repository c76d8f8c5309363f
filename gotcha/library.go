// SPDX-License-Identifier: Apache-2.0

package gotcha

/*
#include <errno.h>
#include <stdlib.h>
#include "libset.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

//export gotcha_go_library
func gotcha_go_library(request unsafe.Pointer) C.int {
	r := (*C.struct_gotcha_library)(request)
	return outcome(func() error { return planLibrary(r) })
}

// planLibrary makes the plan of one library: it and the libraries it needs are copied, everything else is the starting
// libset's. What the program refers to is not shared: who opens a library again wants an instance of its own.
func planLibrary(r *C.struct_gotcha_library) error {
	w := world{referred: map[uint64]bool{}, entries: map[uint64]uint32{}}
	if err := w.look(); err != nil {
		return err
	}
	var root *object
	for _, o := range w.objects {
		if o.LinkMap == uintptr(unsafe.Pointer(r._map)) {
			root = o
		}
	}
	switch {
	case root == nil:
		return errors.New("the library is not among the loaded objects")
	case root.kind != copied:
		return fmt.Errorf("%s can't be copied: %s", root.Path, root.why)
	}
	if err := checkLinkMap(w.objects); err != nil {
		return err
	}
	wanted := w.closure(root)
	copies := w.copies[:0]
	for _, o := range w.copies {
		if wanted[o] {
			copies = append(copies, o)
		} else {
			o.kind, o.why = one, "the library does not need it"
		}
	}
	w.copies = copies
	return w.addBatch(r.plan) // all or none: what was asked for is the whole
}

// closure gives a library and what it needs, directly or not; libc always.
func (w *world) closure(root *object) map[*object]bool {
	wanted := map[*object]bool{root: true}
	queue := []*object{root}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, n := range o.Needed {
			for _, d := range w.objects {
				if d.Name == n && !wanted[d] {
					wanted[d] = true
					queue = append(queue, d)
				}
			}
		}
	}
	for _, o := range w.objects {
		if o.libc() {
			wanted[o] = true
		}
	}
	return wanted
}
