// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var errRefused = errors.New("operation not permitted")

// fit is a machine with which nothing is wrong.
func fit() *Machine {
	return &Machine{
		Architecture: "x86_64", Release: "6.18.1", Kernel: Version{6, 18},
		FSGSBase: true, UseFSGSBase: true, Signal: 63, InvariantTSC: true, ClockSource: "tsc",
		XSave:            XSave{Enabled: true, Compact: true, InUse: true, Bytes: 2696, Components: 0xe7},
		SignalFrameBytes: Number{3632, true}, TimerSlack: Number{50000, true},
		Libc:        Libc{Version: Version{2, 41}, Distribution: "debian", Package: "2.41-12"},
		Environment: map[string]string{}, MaxMapCount: Number{65530, true}, Overcommit: Number{0, true},
		Stack: Number{8 << 20, true}, Seccomp: Number{0, true},
		Library: Library{Path: "/lib/libinger.so", TLSBytes: 248},
		Pause: Measurement{Slice: 100 * time.Microsecond, Pauses: 1000, Median: 100 * time.Microsecond,
			Overshoot: 200, P99: 10 * time.Microsecond, Cost: 10 * time.Microsecond, CostKnown: true},
		Program: &Program{Name: "prog", Path: "/bin/prog", Objects: []Object{{Name: "prog"},
			{Name: "libc.so.6", Defines: []string{"malloc", "free"}}}},
	}
}

func only(findings []Finding, check string) []Finding {
	var found []Finding
	for _, f := range findings {
		if f.Check == check {
			found = append(found, f)
		}
	}
	return found
}

func TestFitMachineIsAllOK(t *testing.T) {
	m := fit()
	for _, f := range append(m.Check(), m.CheckProgram()...) {
		if f.Mark != OK || f.Advice != "" || f.Says == "" {
			t.Errorf("%+v, want ok", f)
		}
	}
	if n := len(m.Check()); n != len(machineChecks) {
		t.Errorf("%d findings of %d checks", n, len(machineChecks))
	}
	if n := len(m.CheckProgram()); n != len(programChecks) {
		t.Errorf("%d findings of %d checks of the program", n, len(programChecks))
	}
}

// Each mark that a check can give but ok.
func TestMarks(t *testing.T) {
	tests := map[string]struct {
		check string
		mark  Mark
		says  string
		spoil func(*Machine)
	}{
		"another architecture":  {"kernel", Fail, "for x86_64 only", func(m *Machine) { m.Architecture = "aarch64" }},
		"an old kernel":         {"kernel", Warn, "no FSGSBASE", func(m *Machine) { m.Kernel = Version{5, 8} }},
		"a strange kernel":      {"kernel", Warn, "not understood", func(m *Machine) { m.Kernel = Version{} }},
		"no guard pages":        {"guard", Warn, "operation not permitted", func(m *Machine) { m.Guard = errRefused }},
		"no FSGSBASE":           {"fsgsbase", Warn, "arch_prctl", func(m *Machine) { m.FSGSBase = false }},
		"FSGSBASE left unused":  {"fsgsbase", Warn, "INGER_FSGSBASE=0", func(m *Machine) { m.UseFSGSBase = false }},
		"no XSAVE":              {"xsave", Fail, "launch() fails", func(m *Machine) { m.XSave = XSave{} }},
		"no XSAVEC":             {"xsave", Warn, "saves all", func(m *Machine) { m.XSave.Compact = false }},
		"no XGETBV1":            {"xsave", Warn, "saves all", func(m *Machine) { m.XSave.InUse = false }},
		"a large signal frame":  {"xsave", Warn, "stack of 16K", func(m *Machine) { m.SignalFrameBytes.Value = 13000 }},
		"shadow stacks":         {"shadow", Fail, "calls have none", func(m *Machine) { m.ThreadFeatures = "wrss shstk" }},
		"a changing TSC":        {"clock", Warn, "not invariant", func(m *Machine) { m.InvariantTSC = false }},
		"a slow clock":          {"clock", Warn, "hpet", func(m *Machine) { m.ClockSource = "hpet" }},
		"no timer":              {"timer", Warn, "timekeeper", func(m *Machine) { m.Timer = errRefused }},
		"slack refused":         {"slack", Warn, "end late", func(m *Machine) { m.SetTimerSlack = errRefused }},
		"no libc":               {"libc", Fail, "no glibc", func(m *Machine) { m.Libc = Libc{Problem: "no glibc"} }},
		"an old libc":           {"libc", Fail, "older than 2.35", func(m *Machine) { m.Libc.Version = Version{2, 34} }},
		"a libc from later on":  {"libc", Warn, "newer than 2.43", func(m *Machine) { m.Libc = Libc{Version: Version{2, 44}} }},
		"unknown functions":     {"libc", Warn, "not known, and are never paused inside: frobnicate", func(m *Machine) { m.Libc.Unknown = []string{"frobnicate"} }},
		"a libc with a mistake": {"libc", Warn, "glibc bug 25847", func(m *Machine) { m.Libc = Libc{Version: Version{2, 40}} }},
		"a malformed tunable":   {"tunables", Warn, "not NAME=VALUE", tune("glibc.malloc.check")},
		"elision":               {"tunables", Warn, "transactions", tune("glibc.malloc.mxfast=0:glibc.elision.enable=1")},
		"shadow stacks asked":   {"tunables", Fail, "shadow stacks", tune("glibc.cpu.x86_shstk=on")},
		"a checked heap":        {"tunables", Warn, "deferred", tune("glibc.malloc.check=3")},
		"a filled heap":         {"tunables", Warn, "deferred", tune("glibc.malloc.perturb=170")},
		"no room for TLS":       {"tls", Warn, "not opened late", tune("glibc.rtld.optional_static_tls=0x40")},
		"too much TLS":          {"tls", Warn, "not opened late", func(m *Machine) { m.Library.TLSBytes = 513 }},
		"few mappings":          {"libsets", Warn, "about 34 libsets", func(m *Machine) { m.MaxMapCount.Value = 1000 }},
		"mappings unknown":      {"libsets", Warn, "cannot be read", func(m *Machine) { m.MaxMapCount = Number{} }},
		"little address space":  {"limits", Warn, "1024 MiB", func(m *Machine) { m.AddressSpace = Number{1 << 30, true} }},
		"small stacks":          {"limits", Warn, "32 KiB", func(m *Machine) { m.Stack.Value = 32 << 10 }},
		"large stacks":          {"limits", Warn, "4096 MiB", func(m *Machine) { m.Stack.Value = 4 << 30 }},
		"strict memory":         {"limits", Warn, "overcommit_memory is 2", func(m *Machine) { m.Overcommit.Value = 2 }},
		"no executable memory":  {"exec", Fail, "ENOSYS", func(m *Machine) { m.Executable = errRefused }},
		"a signal in use":       {"signal", Warn, "ignored or blocked", func(m *Machine) { m.SignalBlocked = true }},
		"filters":               {"seccomp", Warn, "filtered", func(m *Machine) { m.Seccomp.Value = 2 }},
		"filters unknown":       {"seccomp", Warn, "not known", func(m *Machine) { m.Seccomp = Number{} }},
		"changed ids":           {"secure", Fail, "ignores LD_PRELOAD", func(m *Machine) { m.Secure = "runs with changed ids" }},
		"an auditor":            {"preload", Warn, "LD_AUDIT", environ("LD_AUDIT", "/a.so")},
		"a preloaded sanitizer": {"preload", Fail, "libasan.so.8", environ("LD_PRELOAD", "/usr/lib/libasan.so.8")},
		"another preloaded":     {"preload", Warn, `"/x.so"`, environ("LD_PRELOAD", "/x.so")},
		"a wrong option":        {"options", Fail, "INGER_CLOCK", func(m *Machine) { m.BadOptions = []string{"INGER_CLOCK: x"} }},
		"no library":            {"library", Fail, "not found", func(m *Machine) { m.Library.Problem = "libinger.so: not found" }},
		"no measurement":        {"pause", Fail, "status 1", func(m *Machine) { m.Pause.Problem = "exit status 1" }},
		"no pause":              {"pause", Fail, "not paused once", func(m *Machine) { m.Pause.Pauses = 0 }},
		"late pauses":           {"pause", Warn, "median 300.0 us", func(m *Machine) { m.Pause.Overshoot = 300 * time.Microsecond }},
		"expensive pauses":      {"pause", Warn, "costs 150.0 us", func(m *Machine) { m.Pause.Cost = 150 * time.Microsecond }},
		"a refused program":     {"program", Fail, "static", func(m *Machine) { m.Program.Refused = "is static" }},
		"an unread program":     {"program", Warn, "EACCES", func(m *Machine) { m.Program.Unread = "EACCES" }},
		"a missing library":     {"program", Fail, "libnone.so", func(m *Machine) { m.Program.Missing = []string{"libnone.so"} }},
		"a program in Go":       {"program", Warn, "Go compiler", func(m *Machine) { m.Program.Go = true }},
		"AddressSanitizer":      {"sanitizer", Fail, "AddressSanitizer", object(Object{Name: "libasan.so.8", Sanitizer: "libasan"})},
		"ThreadSanitizer":       {"sanitizer", Fail, "ENOTSUP", object(Object{Name: "prog", Sanitizer: "tsan"})},
		"MemorySanitizer":       {"sanitizer", Warn, "msan", object(Object{Name: "prog", Sanitizer: "msan"})},
		"a malloc of its own":   {"malloc", Warn, "ENOTSUP", func(m *Machine) { m.Program.Objects[0].Defines = []string{"malloc"} }},
		"and launches with it": {"malloc", Warn, "INGER_OWN_MALLOC=1", func(m *Machine) {
			m.Program.Objects[0].Defines, m.OwnMalloc = []string{"malloc"}, true
		}},
		"a sanitizer's malloc": {"malloc", Warn, "ENOTSUP", func(m *Machine) {
			m.Program.Objects[0] = Object{Name: "prog", Sanitizer: "asan", Defines: []string{"__asan_init", "malloc"}}
		}},
		"-Bsymbolic":          {"reach", Warn, "-Bsymbolic", object(Object{Name: "libb.so", Symbolic: true})},
		"relocations in text": {"reach", Warn, "text relocations", object(Object{Name: "libt.so", TextRel: true})},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := fit()
			tc.spoil(m)
			found := only(append(m.Check(), m.CheckProgram()...), tc.check)
			if Worst(found) != tc.mark {
				t.Fatalf("%+v, want %v", found, tc.mark)
			}
			for _, f := range found {
				if f.Mark == tc.mark && strings.Contains(f.Says, tc.says) {
					return
				}
			}
			t.Errorf("%+v, want one that says %q", found, tc.says)
		})
	}
}

func tune(value string) func(*Machine) { return environ("GLIBC_TUNABLES", value) }

func environ(name, value string) func(*Machine) {
	return func(m *Machine) { m.Environment[name] = value }
}

func object(o Object) func(*Machine) {
	return func(m *Machine) { m.Program.Objects = append(m.Program.Objects, o) }
}

// What is not wrong although it looks as if.
func TestHarmless(t *testing.T) {
	tests := map[string]struct {
		check  string
		change func(*Machine)
	}{
		"an unlimited stack":             {"limits", func(m *Machine) { m.Stack = Number{} }},
		"tunables that do not matter":    {"tunables", tune("glibc.malloc.mxfast=0:glibc.elision.enable=0")},
		"no rseq":                        {"tunables", tune("glibc.pthread.rseq=0")},
		"more room for TLS":              {"tls", tune("glibc.rtld.optional_static_tls=2048")},
		"ourselves preloaded":            {"preload", environ("LD_PRELOAD", "/lib/libinger.so.0")},
		"an unknown clock source":        {"clock", func(m *Machine) { m.ClockSource = "" }},
		"a kvm clock":                    {"clock", func(m *Machine) { m.ClockSource = "kvm-clock" }},
		"a name of ours in the program":  {"names", object(Object{Name: "libx.so", Defines: []string{"launch"}})},
		"a preloaded allocator":          {"preload", environ("LD_PRELOAD", "libjemalloc.so.2")},
		"another allocator":              {"malloc", object(Object{Name: "libmine.so", Defines: []string{"malloc"}})},
		"linked with libinger":           {"malloc", object(Object{Name: "libinger.so.0", Libinger: true, Defines: []string{"malloc"}})},
		"the undefined sanitizer":        {"sanitizer", object(Object{Name: "libubsan.so.1", Sanitizer: "libubsan"})},
		"a script":                       {"program", func(m *Machine) { m.Program.Script = "/bin/sh" }},
		"bytes that look like a syscall": {"reach", func(m *Machine) { m.Program.Syscalls = 3 }},
		"no measurement was wished":      {"pause", func(m *Machine) { m.Pause = Measurement{Skipped: true} }},
		"a package of nobody's":          {"libc", func(m *Machine) { m.Libc = Libc{Version: Version{2, 42}} }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := fit()
			tc.change(m)
			if found := only(append(m.Check(), m.CheckProgram()...), tc.check); Worst(found) != OK {
				t.Errorf("%+v, want ok", found)
			}
		})
	}
}

// Of a program that cannot be looked into nothing is claimed.
func TestNothingIsSaidOfAnUnseenProgram(t *testing.T) {
	for _, p := range []*Program{{Name: "a", Refused: "is static"}, {Name: "b", Unread: "cannot be read"}} {
		m := fit()
		m.Program = p
		if found := m.CheckProgram(); len(found) != 1 || found[0].Check != "program" {
			t.Errorf("%s: %+v, want one finding", p.Name, found)
		}
	}
}

func TestStatsAreRead(t *testing.T) {
	const line = "libinger: pauses=1071 deferrals=0 slice_us median=100.1 p99=126.3 max=400.0 overshoot_us median=0.2 p99=26.1 max=300.0"
	const us = time.Microsecond
	want := Measurement{Pauses: 1071, Median: 100100, Overshoot: 200, P99: 26100}
	var got Measurement
	if !got.ParseStats("noise\n"+line+"\nmore") || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	want.Bias, want.BiasKnown = 17*us, true
	if got = (Measurement{}); !got.ParseStats(line+" bias_us=17.0\n") || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "libinger: pauses=", "libinger: pauses=x slice_us median=1", "libinger: pauses=3 deferrals=0\n",
		strings.Replace(line, "=100.1", "=-1", 1), strings.Replace(line, "overshoot_us", "lateness_us", 1)} {
		if got = (Measurement{}); got.ParseStats(bad) {
			t.Errorf("%q is taken for statistics: %+v", bad, got)
		}
	}
}
