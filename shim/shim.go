// SPDX-License-Identifier: Apache-2.0

// Package shim is the thin Go face of the data plane: the C and assembly in this folder, which runs on the program's own
// threads. Go is called from here for options that plain.c leaves to it, before anything has been launched; never from then on.
package shim

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wno-nonnull-compare -Wno-builtin-declaration-mismatch
#cgo CFLAGS: -fvisibility=hidden -fno-stack-protector
#include <stdlib.h>
#include "config.h"
*/
import "C"

import (
	"errors"
	"os"
	"unsafe"

	"libinger/options"
	_ "libinger/shim/entry" // the library's initialiser
)

// lookup reads the environment that C sees; Go's own copy dates from the load.
func lookup(name string) (string, bool) {
	key := C.CString(name)
	defer C.free(unsafe.Pointer(key))
	value := C.getenv(key)
	if value == nil {
		return "", false
	}
	return C.GoString(value), true
}

func truth(b bool) C.uint32_t {
	if b {
		return 1
	}
	return 0
}

// shim_go_configure fills config from the INGER_* environment. A bad value is reported on stderr and its default used.
//
//export shim_go_configure
func shim_go_configure(config *C.struct_shim_config) {
	settings, errs := options.Load(lookup)
	for _, err := range errs {
		var bad *options.Error
		if errors.As(err, &bad) && bad.Name == "INGER_LIMITS" {
			continue // who sets the limits says so
		}
		_, _ = os.Stderr.WriteString("libinger: " + err.Error() + "\n")
	}
	config.slice_ns = C.uint64_t(settings.Slice.Nanoseconds())
	config.stack_bytes = C.uint64_t(settings.StackBytes)
	config.seed = C.uint64_t(settings.Seed)
	config.torture = truth(settings.Torture)
	config.stats = truth(settings.Stats)
	config.follow = truth(settings.Follow)
	config.fsgsbase = truth(settings.FSGSBase)
	config.own_malloc = truth(settings.OwnMalloc)
	config.signal = C.uint32_t(settings.Signal)
	config.libsets = C.uint32_t(settings.Libsets)
	config.trace_events = C.uint32_t(settings.TraceEvents)
	config.isolate = truth(settings.Isolation == options.Isolated)
	switch settings.Clock {
	case options.Timer:
		config.clock = C.SHIM_CLOCK_TIMER
	case options.Timekeeper:
		config.clock = C.SHIM_CLOCK_TIMEKEEPER
	default:
		config.clock = C.SHIM_CLOCK_AUTO
	}
}
