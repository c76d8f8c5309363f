// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	delf "debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"libinger/elf"
	"libinger/interpose"
	"libinger/options"
)

// Gather reads the facts of this machine and process. What the caller knows better is left to it:
// BadOptions, Secure, Library, Pause and Program.
func Gather(settings options.Settings) *Machine {
	m := &Machine{Environment: map[string]string{}, UseFSGSBase: settings.FSGSBase, OwnMalloc: settings.OwnMalloc, Signal: settings.Signal}
	for _, name := range []string{"LD_PRELOAD", "LD_AUDIT", "GLIBC_TUNABLES"} {
		m.Environment[name] = os.Getenv(name)
	}
	m.gatherKernel()
	m.gatherCPU()
	m.gatherAuxiliary()
	m.gatherStatus()
	m.Guard = tryGuard()
	m.Executable = tryExecutable()
	m.Timer = tryTimer(m.Signal)
	m.TimerSlack, m.SetTimerSlack = trySlack()
	m.ClockSource = line("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	m.MaxMapCount = numberIn("/proc/sys/vm/max_map_count")
	m.Overcommit = numberIn("/proc/sys/vm/overcommit_memory")
	m.AddressSpace = limit(unix.RLIMIT_AS)
	m.Stack = limit(unix.RLIMIT_STACK)
	m.Libc = gatherLibc(glibcFile, "/etc/os-release", "/var/lib/dpkg/status")
	return m
}

func line(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func numberIn(path string) Number {
	value, err := strconv.ParseUint(line(path), 10, 64)
	return Number{value, err == nil}
}

func limit(resource int) Number {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil || l.Cur == unix.RLIM_INFINITY {
		return Number{}
	}
	return Number{l.Cur, true}
}

func (m *Machine) gatherKernel() {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return
	}
	m.Release = unix.ByteSliceToString(u.Release[:])
	m.Architecture = unix.ByteSliceToString(u.Machine[:])
	m.Kernel = parseVersion(m.Release)
}

// parseVersion reads the first two numbers of text, such as 6.18.44-fc or 2.36-9+deb12u14; zero when there are none.
func parseVersion(text string) Version {
	numbers := regexp.MustCompile(`^(\d+)\.(\d+)`).FindStringSubmatch(text)
	if numbers == nil {
		return Version{}
	}
	major, err := strconv.Atoi(numbers[1])
	minor, err2 := strconv.Atoi(numbers[2])
	if err != nil || err2 != nil {
		return Version{}
	}
	return Version{major, minor}
}

// Of the auxiliary vector, see getauxval(3).
const (
	atHWCAP2       = 26
	atMinSigStkSz  = 51
	hwcap2FSGSBase = 1 << 1
)

func (m *Machine) gatherAuxiliary() {
	vector, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return
	}
	for ; len(vector) >= 16; vector = vector[16:] {
		value := binary.LittleEndian.Uint64(vector[8:])
		switch binary.LittleEndian.Uint64(vector) {
		case atHWCAP2:
			m.FSGSBase = value&hwcap2FSGSBase != 0
		case atMinSigStkSz:
			m.SignalFrameBytes = Number{value, true}
		}
	}
}

func (m *Machine) gatherStatus() {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	for _, entry := range strings.Split(string(status), "\n") {
		name, value, _ := strings.Cut(entry, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Seccomp":
			if number, err := strconv.ParseUint(value, 10, 64); err == nil {
				m.Seccomp = Number{number, true}
			}
		case "SigIgn":
			m.SignalIgnored = hasSignal(value, m.Signal)
		case "SigBlk":
			m.SignalBlocked = hasSignal(value, m.Signal)
		case "x86_Thread_features":
			m.ThreadFeatures = value
		}
	}
}

// hasSignal reads a mask of /proc.
func hasSignal(mask string, signal uint32) bool {
	bits, err := strconv.ParseUint(mask, 16, 64)
	return err == nil && signal > 0 && bits>>(signal-1)&1 != 0
}

func tryGuard() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Munmap(page) }()
	const guardInstall = 102 // MADV_GUARD_INSTALL
	return unix.Madvise(page, guardInstall)
}

// tryExecutable does what the trampolines of libsets need. A filter of system calls, SELinux and PR_SET_MDWE (systemd's
// MemoryDenyWriteExecute=) refuse it.
func tryExecutable() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Munmap(page) }()
	return unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC)
}

// kernelEvent is the kernel's struct sigevent.
type kernelEvent struct {
	value  uint64
	signal int32
	notify int32
	thread int32
	_      [44]byte
}

// tryTimer makes the timer that a slice needs and deletes it, without arming it.
func tryTimer(signal uint32) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const threadID = 4 // SIGEV_THREAD_ID
	event := kernelEvent{signal: int32(signal), notify: threadID, thread: int32(unix.Gettid())}
	var id int32
	_, _, errno := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		return errno
	}
	_, _, _ = unix.Syscall(unix.SYS_TIMER_DELETE, uintptr(id), 0, 0)
	return nil
}

func trySlack() (Number, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		return Number{}, err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return Number{uint64(slack), true}, err
	}
	return Number{uint64(slack), true}, unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
}

// glibcFile are the places where distributions put it.
var glibcFile = []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib64/libc.so.6", "/usr/lib/libc.so.6"}

// banner is in the read-only data of glibc; the part in brackets names the package.
var banner = []byte("GNU C Library (")

func gatherLibc(files []string, release, status string) Libc {
	for _, file := range files {
		image, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return Libc{Problem: "the C library cannot be read: " + err.Error()}
		}
		_, text, found := bytes.Cut(image, banner)
		if !found {
			return Libc{Problem: file + " is no glibc"}
		}
		text = text[:min(len(text), 200)]
		_, text, _ = bytes.Cut(text, []byte(" version "))
		l := Libc{Version: parseVersion(string(text)), Distribution: distribution(release), Package: installed(status)}
		if l.Version == (Version{}) {
			l.Problem = file + " does not say its version"
		}
		l.Unknown = unknownFunctions(file)
		return l
	}
	return Libc{Problem: "no glibc in " + strings.Join(files, ", ")}
}

// unknownFunctions are those that programs can be linked to and for which there is no policy; none where the file can't be read.
func unknownFunctions(file string) []string {
	o, err := elf.Open(file)
	if err != nil {
		return nil
	}
	var names []string
	for s, err := range o.Symbols() {
		const ifunc = delf.SymType(10) // STT_GNU_IFUNC: chosen at load time
		if err != nil || !s.Defined || s.Type != delf.STT_FUNC && s.Type != ifunc || s.HiddenVersion || s.Version == "GLIBC_PRIVATE" {
			continue
		}
		if _, known := interpose.Lookup(s.Name); !known {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// distribution is the ID of os-release(5), or empty.
func distribution(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for _, entry := range strings.Split(string(text), "\n") {
		if value, found := strings.CutPrefix(entry, "ID="); found {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

// installed is the version of libc6 in dpkg's status file, or empty.
func installed(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for _, entry := range strings.Split(string(text), "\n\n") {
		fields := "\n" + entry + "\n"
		if !strings.Contains(fields, "\nPackage: libc6\n") || !strings.Contains(fields, "\nArchitecture: amd64\n") ||
			!strings.Contains(fields, " ok installed\n") {
			continue
		}
		if _, rest, found := strings.Cut(fields, "\nVersion: "); found {
			version, _, _ := strings.Cut(rest, "\n")
			return version
		}
	}
	return ""
}
