// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// The functions of a heap: a program that defines them keeps its own.
var heapNames = []string{"malloc", "free", "realloc", "calloc"}

// The names that libinger.so exports without a prefix.
var plainNames = []string{"launch", "resume", "cancel"}

// AskedNames are the symbols whose definitions the checks want to know of.
var AskedNames = append(append([]string{"__asan_init", "__tsan_init", "__msan_init", "__hwasan_init"}, heapNames...), plainNames...)

func (m *Machine) seen() bool {
	return m.Program.Refused == "" && m.Program.Unread == "" && len(m.Program.Objects) > 0
}

func program(m *Machine) []Finding {
	p := m.Program
	name := p.Name
	if p.Path != "" && p.Path != p.Name {
		name += " (" + p.Path + ")"
	}
	switch {
	case p.Refused != "":
		return fail(p.Refused, p.Advice)
	case p.Unread != "":
		return warn(name+": nothing more is known of it: "+p.Unread, "")
	}
	says := name + ": libinger can be preloaded"
	if p.Script != "" {
		says = name + ": a script; what follows is about its interpreter " + p.Script
	}
	found := ok(says)
	for _, missing := range p.Missing {
		found = append(found, fail("its library "+missing+" is not found: it does not start", "install it, or set LD_LIBRARY_PATH")...)
	}
	if p.Go {
		found = append(found, warn("is made by the Go compiler, whose runtime has threads and system calls of its own: slices of main() "+
			"stop its first thread only", "")...)
	}
	return found
}

func sanitizers(m *Machine) []Finding {
	if !m.seen() {
		return nil
	}
	var found []Finding
	for _, o := range m.Program.Objects {
		switch {
		case o.Sanitizer == "":
		case strings.Contains(o.Sanitizer, "asan"):
			found = append(found, fail(o.Name+" has AddressSanitizer, which refuses to start behind another preloaded library",
				"link with -linger, or set ASAN_OPTIONS=verify_asan_link_order=0")...)
		case strings.Contains(o.Sanitizer, "tsan"):
			found = append(found, fail(o.Name+" has ThreadSanitizer, which knows no stacks and threads but libc's: functions are "+
				"refused (ENOTSUP), and main() is not sliced", "build it without")...)
		case strings.Contains(o.Sanitizer, "msan"):
			found = append(found, warn(o.Name+" has "+o.Sanitizer+", which is not told when stacks are switched: it may report what is "+
				"not so", "build it without to run it in slices")...)
		default:
			found = append(found, ok(o.Name+" has "+o.Sanitizer+", of which there is one for all libsets")...)
		}
	}
	if found == nil {
		return ok("none linked")
	}
	return found
}

func ownMalloc(m *Machine) []Finding {
	if !m.seen() {
		return nil
	}
	for i, o := range m.Program.Objects {
		switch {
		case o.isLibc() || i > 0 && o.Sanitizer != "" || o.Libinger || !slices.ContainsFunc(heapNames, o.defines):
		case i > 0:
			return ok(o.Name + " brings the heap, of which there is one for all libsets: calls that pass the dynamic linker are deferred")
		case m.OwnMalloc:
			return warn(o.Name+" has its own malloc(), whose calls do not pass the dynamic linker, and INGER_OWN_MALLOC=1 launches "+
				"all the same: a pause may come while it holds its lock", "unset INGER_OWN_MALLOC, unless it takes no lock")
		default:
			return warn(o.Name+" has its own malloc(), whose calls do not pass the dynamic linker: functions are refused (ENOTSUP), as "+
				"one could be paused while it holds the heap's lock; slices of main() work, --torture does not",
				"link the allocator as a shared library")
		}
	}
	return ok("the C library's")
}

func (o *Object) defines(name string) bool { return slices.Contains(o.Defines, name) }

func (o *Object) isLibc() bool {
	return strings.HasPrefix(o.Name, "libc.so.") || strings.HasPrefix(o.Name, "ld-linux")
}

func ownNames(m *Machine) []Finding {
	if !m.seen() {
		return nil
	}
	var found []Finding
	for _, o := range m.Program.Objects {
		for _, name := range plainNames {
			if o.defines(name) && !o.Libinger {
				found = append(found, ok(fmt.Sprintf("%s defines %s(), which stays its own; ours is inger_%s()", o.Name, name, name))...)
			}
		}
	}
	if found == nil {
		return ok("defines none of launch, resume and cancel")
	}
	return found
}

func reach(m *Machine) []Finding {
	if !m.seen() {
		return nil
	}
	var found []Finding
	for _, o := range m.Program.Objects {
		if o.Symbolic && !o.isLibc() {
			found = append(found, warn(o.Name+" is linked with -Bsymbolic: calls to functions of its own name do not pass us", "")...)
		}
		if o.TextRel {
			found = append(found, warn(o.Name+" has text relocations: it is not copied into libsets", "build it with -fPIC")...)
		}
	}
	if n := m.Program.Syscalls; n > 0 {
		// No warning: the bytes may belong to other instructions, and in megabytes of code some do.
		found = append(found, ok(fmt.Sprintf("%d places in the program's code look like system calls of its own: a wait in one ends late", n))...)
	}
	if found == nil {
		return ok("calls of library functions pass the dynamic linker")
	}
	return found
}

func objects(m *Machine) []Finding {
	if !m.seen() {
		return nil
	}
	libraries := len(m.Program.Objects) - 1
	linked := slices.ContainsFunc(m.Program.Objects, func(o Object) bool { return o.Libinger })
	says := fmt.Sprintf("%d libraries at start", libraries)
	if linked {
		says += ", libinger.so among them"
	}
	if m.MaxMapCount.Known {
		// Five mappings each, and those of the call.
		says += fmt.Sprintf("; room for about %d libsets of them", m.MaxMapCount.Value/uint64(5*max(libraries, 1)+4))
	}
	return ok(says)
}
