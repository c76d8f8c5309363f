// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"path"
	"strings"
)

// ObjectPolicy says whether a libset has a copy of its own of a shared object.
type ObjectPolicy uint8

// The policies for objects.
const (
	CopiedObject ObjectPolicy = iota // each libset has its own
	OneObject                        // there is one for all libsets
)

// String gives the policy as it is shown to the user.
func (p ObjectPolicy) String() string {
	if p == OneObject {
		return "one"
	}
	return "copied"
}

// objectRow is the policy for the objects whose names match one of the shell patterns. Patterns are for version numbers and
// for families of tools; a library whose name merely begins alike (libnss3.so) must not match.
type objectRow struct {
	policy   ObjectPolicy
	why      string
	patterns string // separated by white space
}

// objectTable: the first row that matches decides.
var objectTable = []objectRow{
	{OneObject, "the dynamic linker: its list of objects and its lock are the process's", `ld-linux*.so.*`},
	{OneObject, "the kernel's code, without state", `linux-vdso.so.*`},
	{OneObject, "this library: its calls and clocks are the process's, and a second Go runtime must not start", `libinger.so*`},
	{CopiedObject, "for the functions of class per-libset alone; the others run in the starting libset", `libc.so.6`},
	{OneObject, "computes; its one variable is the sign of lgamma, which has reentrant variants", `libm.so.6 libmvec.so.1`},
	{OneObject, "the unwinder: what is registered with it and what it has found are the process's", `libgcc_s.so.1`},
	{OneObject, "empty since its functions are in libc", `
		libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libanl.so.1`},
	{OneObject, "libc opens it by name and knows that one; called through libc only", `libnss_*.so.2 libnsl.so.*`},
	{OneObject, "reads threads from a debugger, from outside the process", `libthread_db.so.1`},
	{OneObject, "the heap: what one libset allocates another may free", `
		libjemalloc.so* libtcmalloc*.so* libmimalloc*.so* libc_malloc_debug.so*`},
	{OneObject, "observes the whole process: its records are of all memory, threads or signals", `
		libasan.so* libtsan.so* libubsan.so* liblsan.so* libhwasan.so* libclang_rt.*.so
		vgpreload_* libSegFault.so libmemusage.so libpcprofile.so`},
}

const whyCopied = "a library may keep state from call to call"

// ObjectClass gives the policy for a shared object by its SONAME, or by its path when it has none, and the reason. What only
// the object itself can tell (that it is the program, needs this library, or defines malloc) is for the caller to see.
func ObjectClass(soname string) (ObjectPolicy, string) {
	name := path.Base(soname)
	for _, row := range objectTable {
		if matchesAny(row.patterns, name) {
			return row.policy, row.why
		}
	}
	return CopiedObject, whyCopied
}

// matchesAny compares a name with shell patterns, separated by white space. The tables' are well formed: a test looks at each.
func matchesAny(patterns, name string) bool {
	for _, pattern := range strings.Fields(patterns) {
		if ok, err := path.Match(pattern, name); ok && err == nil {
			return true
		}
	}
	return false
}
