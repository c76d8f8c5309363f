// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"
)

func kernel(m *Machine) []Finding {
	name := "Linux " + m.Release + ", " + m.Architecture
	switch {
	case m.Architecture != "x86_64":
		return fail(name+": libinger is for x86_64 only", "use an x86_64 machine")
	case m.Kernel == Version{}:
		return warn(name+": its version is not understood", "")
	case m.Kernel.Before(5, 9):
		return warn(name+": no FSGSBASE instructions, no guard pages inside a mapping", "Linux 5.9 has the first, 6.13 both")
	}
	return ok(name)
}

func guardPages(m *Machine) []Finding {
	if m.Guard == nil {
		return ok("MADV_GUARD_INSTALL works: a call's stack and guard take one mapping")
	}
	return warn("no MADV_GUARD_INSTALL ("+m.Guard.Error()+"): a call takes two mappings", "Linux 6.13 has it")
}

func fsgsbase(m *Machine) []Finding {
	switch {
	case !m.FSGSBase:
		return warn("FSGSBASE is off: each switch of a call makes an arch_prctl() system call",
			"Linux 5.9 enables it; look for nofsgsbase in /proc/cmdline")
	case !m.UseFSGSBase:
		return warn("FSGSBASE is there, and INGER_FSGSBASE=0 leaves it unused: each switch makes a system call",
			"unset INGER_FSGSBASE")
	}
	return ok("thread control blocks are switched by an instruction")
}

// componentNames are the bits of XCR0 (Intel SDM volume 1, 13.1).
var componentNames = []string{"x87", "SSE", "AVX", "MPX", "MPX", "AVX-512", "AVX-512", "AVX-512", "", "PKRU",
	"", "", "", "", "", "", "", "AMX", "AMX"}

func (x XSave) names() string {
	var names []string
	for bit, name := range componentNames {
		if x.Components>>bit&1 != 0 && name != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func xsave(m *Machine) []Finding {
	x := m.XSave
	size := fmt.Sprintf("%d bytes of extended state (%s)", x.Bytes, x.names())
	if m.SignalFrameBytes.Known {
		size += fmt.Sprintf(", %d for a signal's frame", m.SignalFrameBytes.Value)
	}
	switch {
	case !x.Enabled:
		return fail("the kernel has not enabled XSAVE: launch() fails", "look for noxsave in /proc/cmdline")
	case m.SignalFrameBytes.Known && m.SignalFrameBytes.Value > 12<<10:
		return warn(size+": a stack of 16K, the smallest, has hardly room for one", "use stacks of 64K or more")
	case !x.Compact || !x.InUse:
		return warn(size+": no XSAVEC or XGETBV1, so each pause saves all of it", "")
	}
	return ok(size + ": a pause saves what is in use")
}

func shadowStack(m *Machine) []Finding {
	for _, feature := range strings.Fields(m.ThreadFeatures) {
		if feature == "shstk" {
			return fail("shadow stacks are on, and calls have none: the first return in a call faults",
				"unset glibc.cpu.x86_shstk in GLIBC_TUNABLES")
		}
	}
	return ok("no shadow stack in force")
}

func clock(m *Machine) []Finding {
	switch {
	case !m.InvariantTSC:
		return warn("the time stamp counter is not invariant: time is read from the kernel, which takes longer", "")
	case m.ClockSource != "" && m.ClockSource != "tsc" && m.ClockSource != "kvm-clock" && m.ClockSource != "hyperv_clocksource_tsc_page":
		return warn("the kernel's clock source is "+m.ClockSource+", which programs read by a system call, and perhaps "+
			"because it found the time stamp counter unstable", "see /sys/devices/system/clocksource and the kernel's log")
	case m.ClockSource == "":
		return ok("the time stamp counter is invariant")
	}
	return ok("the time stamp counter is invariant, clock source " + m.ClockSource)
}

func timer(m *Machine) []Finding {
	if m.Timer != nil {
		return warn("no timer that signals a thread ("+m.Timer.Error()+"): the timekeeper thread takes its place",
			"look for a filter of system calls, or a limit on pending signals (ulimit -i)")
	}
	return ok("timers that signal a thread work")
}

func signal(m *Machine) []Finding {
	name := fmt.Sprintf("signal %d", m.Signal)
	switch {
	case m.SignalIgnored || m.SignalBlocked:
		return warn(name+" ends slices, and this process's parent has it ignored or blocked: somebody else may use it; programs share it",
			"choose one that is free: INGER_SIGNAL, 34 to 64")
	case m.Signal == 64:
		return ok(name + " ends slices (INGER_SIGNAL); valgrind needs it for itself")
	}
	return ok(name + " ends slices; INGER_SIGNAL chooses another")
}

func timerSlack(m *Machine) []Finding {
	if m.SetTimerSlack != nil {
		return warn("timer slack cannot be set ("+m.SetTimerSlack.Error()+"): the timekeeper's sleeps end late", "")
	}
	if !m.TimerSlack.Known {
		return ok("timer slack can be set")
	}
	return ok(fmt.Sprintf("timer slack is %d ns and can be set; the timekeeper uses 1 ns", m.TimerSlack.Value))
}
