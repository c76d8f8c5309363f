// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"path"
	"strings"
)

// mappingsPerLibset is what one takes with libpng, zlib, sqlite3 and libstdc++ (docs/limits.md).
const mappingsPerLibset = 29

// fewLibsets is a number that a server with a call for each request can need.
const fewLibsets = 500

func libsets(m *Machine) []Finding {
	if !m.MaxMapCount.Known {
		return warn("vm.max_map_count cannot be read: how many libsets fit is not known", "")
	}
	fit := m.MaxMapCount.Value / mappingsPerLibset
	says := fmt.Sprintf("vm.max_map_count is %d: room for about %d libsets of five libraries", m.MaxMapCount.Value, fit)
	if fit < fewLibsets {
		return warn(says, "raise it with sysctl vm.max_map_count=262144 if isolated calls are many")
	}
	// Libsets are no dlmopen() namespaces, of which there are 16, the program's included.
	return ok(says + "; they take none of the 16 namespaces of dlmopen()")
}

// What the Go runtime wants, and the least that is left for stacks and copies then.
const libsetAddressSpace = 3 << 30

func limits(m *Machine) []Finding {
	var found []Finding
	if m.AddressSpace.Known && m.AddressSpace.Value < libsetAddressSpace {
		found = append(found, warn(fmt.Sprintf("RLIMIT_AS is %d MiB: too little for libsets, whose plan takes 2 GiB of addresses",
			m.AddressSpace.Value>>20), "raise it (ulimit -v), or launch with INGER_SHARED")...)
	}
	if m.Stack.Known && m.Stack.Value < 64<<10 {
		found = append(found, warn(fmt.Sprintf("RLIMIT_STACK is %d KiB, and calls get stacks of that size", m.Stack.Value>>10),
			"raise it (ulimit -s), or set INGER_STACK")...)
	}
	if m.Stack.Known && m.Stack.Value > 1<<30 {
		found = append(found, warn(fmt.Sprintf("RLIMIT_STACK is %d MiB, and each call reserves that much", m.Stack.Value>>20),
			"set INGER_STACK")...)
	}
	if m.Overcommit.Known && m.Overcommit.Value == 2 {
		found = append(found, warn("vm.overcommit_memory is 2: what stacks reserve counts as memory in use", "set INGER_STACK=256K or so")...)
	}
	if found != nil {
		return found
	}
	stack := "unlimited, so calls get 8 MiB"
	if m.Stack.Known {
		stack = fmt.Sprintf("%d KiB, which calls get as well", m.Stack.Value>>10)
	}
	return ok("stacks are " + stack + "; address space suffices")
}

func executable(m *Machine) []Finding {
	if m.Executable == nil {
		return ok("memory that was written can be made executable, as trampolines of libsets need it")
	}
	return fail("memory that was written cannot be made executable ("+m.Executable.Error()+"): launch() fails for isolated functions with ENOSYS",
		"look for MemoryDenyWriteExecute= of systemd, SELinux's execmem or a filter of system calls; or launch shared (INGER_ISOLATION=shared)")
}

func seccomp(m *Machine) []Finding {
	switch {
	case !m.Seccomp.Known:
		return warn("whether system calls are filtered is not known: /proc/self/status does not say", "")
	case m.Seccomp.Value == 0:
		return ok("no filter of system calls")
	}
	return warn("system calls are filtered (seccomp): a refused one makes launch() fail or slows it down",
		"see the checks of guard, exec, timer and pause, which try what is needed; docs/limits.md has the list of system calls")
}

func secure(m *Machine) []Finding {
	if m.Secure != "" {
		return fail(m.Secure+": the loader ignores LD_PRELOAD in all that is started from here", "start it as one user")
	}
	return ok("programs started from here are not in secure-execution mode")
}

// heaps are libraries that replace malloc().
var heaps = []string{"libjemalloc.so*", "libtcmalloc*.so*", "libmimalloc*.so*", "libhoard*.so*", "libsnmalloc*.so*", "libscalloc*.so*"}

// sanitizerRuntimes are gcc's and clang's.
var sanitizerRuntimes = []string{"libasan.so*", "libtsan.so*", "liblsan.so*", "libubsan.so*", "libhwasan.so*", "libclang_rt.*.so"}

func matches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if match, err := path.Match(pattern, name); err == nil && match {
			return true
		}
	}
	return false
}

func preload(m *Machine) []Finding {
	var found []Finding
	if audit := m.Environment["LD_AUDIT"]; audit != "" {
		found = append(found, warn(fmt.Sprintf("LD_AUDIT is %q: an auditor sees and changes bindings as we do", audit), "unset LD_AUDIT")...)
	}
	for _, entry := range strings.FieldsFunc(m.Environment["LD_PRELOAD"], func(r rune) bool { return r == ' ' || r == ':' }) {
		switch name := path.Base(entry); {
		case matches(sanitizerRuntimes, name):
			found = append(found, fail("LD_PRELOAD has the sanitizer "+name+", which must come first, as libinger does",
				"unset LD_PRELOAD, or link with -linger")...)
		case matches(heaps, name):
			found = append(found, ok("LD_PRELOAD has the allocator "+name+": all calls of its functions are deferred, and its blocks noted")...)
		case strings.HasPrefix(name, "libinger.so"):
			found = append(found, ok("libinger.so is preloaded already")...)
		default:
			found = append(found, warn(fmt.Sprintf("LD_PRELOAD has %q, which comes after libinger.so", entry), "")...)
		}
	}
	if found == nil {
		return ok("nothing else is preloaded")
	}
	return found
}

func optionValues(m *Machine) []Finding {
	var found []Finding
	for _, problem := range m.BadOptions {
		found = append(found, fail(problem+"; the default is used", "inger options shows what is in force")...)
	}
	if found == nil {
		return ok("no wrong value in INGER_* variables")
	}
	return found
}

func library(m *Machine) []Finding {
	if m.Library.Problem != "" {
		return fail(m.Library.Problem, "")
	}
	return ok(m.Library.Path)
}
