// SPDX-License-Identifier: Apache-2.0

// Package machine says on what a benchmark was run, and how quiet it was there.
package machine

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"libinger/doctor"
	"libinger/options"
)

// Machine is what figures depend on. A member is empty when it is not known.
type Machine struct {
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"` // that this process may use
	Hypervisor  bool   `json:"hypervisor"`
	MemoryKiB   uint64 `json:"memory_kib"`
	Kernel      string `json:"kernel"`
	Libc        string `json:"libc"`
	LibcPackage string `json:"libc_package"` // Debian's version with its revision
	System      string `json:"system"`       // distribution
	ClockSource string `json:"clock_source"`
	Governor    string `json:"governor"` // of the processor's frequency
	HugePages   string `json:"transparent_huge_pages"`
	SaveBytes   uint64 `json:"xsave_bytes"` // extended state of a thread
	FSGSBase    bool   `json:"fsgsbase"`
}

// Describe looks at this machine.
func Describe() Machine {
	facts := doctor.Gather(options.Defaults())
	m := Machine{
		CPU:         member("/proc/cpuinfo", "model name"),
		Cores:       runtime.NumCPU(),
		Kernel:      facts.Release,
		System:      facts.Libc.Distribution,
		LibcPackage: facts.Libc.Package,
		ClockSource: facts.ClockSource,
		Governor:    first("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		HugePages:   chosen(first("/sys/kernel/mm/transparent_hugepage/enabled")),
		SaveBytes:   facts.XSave.Bytes,
		FSGSBase:    facts.FSGSBase,
	}
	if facts.Libc.Problem == "" {
		m.Libc = fmt.Sprintf("glibc %d.%d", facts.Libc.Version.Major, facts.Libc.Version.Minor)
	}
	flags := strings.Fields(member("/proc/cpuinfo", "flags"))
	for _, flag := range flags {
		m.Hypervisor = m.Hypervisor || flag == "hypervisor"
	}
	fmt.Sscanf(member("/proc/meminfo", "MemTotal"), "%d", &m.MemoryKiB)
	return m
}

// Differences names what makes two runs hard to compare, as "what: old, new".
func (m Machine) Differences(other Machine) []string {
	var all []string
	compare := func(what string, a, b any) {
		if a != b {
			all = append(all, fmt.Sprintf("%s: %v, %v", what, a, b))
		}
	}
	compare("processor", m.CPU, other.CPU)
	compare("cores", m.Cores, other.Cores)
	compare("hypervisor", m.Hypervisor, other.Hypervisor)
	compare("kernel", m.Kernel, other.Kernel)
	compare("libc", m.Libc+" "+m.LibcPackage, other.Libc+" "+other.LibcPackage)
	compare("clock source", m.ClockSource, other.ClockSource)
	compare("governor", m.Governor, other.Governor)
	compare("huge pages", m.HugePages, other.HugePages)
	compare("xsave bytes", m.SaveBytes, other.SaveBytes)
	return all
}

// member is the value of the first line "key : value" of a file in /proc.
func member(path, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), ":")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func first(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// chosen is the word in brackets of a list such as "always [madvise] never".
func chosen(list string) string {
	_, rest, found := strings.Cut(list, "[")
	word, _, closed := strings.Cut(rest, "]")
	if !found || !closed {
		return list
	}
	return word
}
