// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Times is a reading of /proc/stat and of what this process and those it has waited for have used.
type Times struct {
	all, stolen, busy uint64 // ticks since the machine was started; busy without what was stolen
	own               time.Duration
	known             bool
}

// tick is the unit of /proc/stat on x86-64.
const tick = 10 * time.Millisecond

// ReadTimes reads them now.
func ReadTimes() Times {
	t := parseTimes(first("/proc/stat"))
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if unix.Getrusage(who, &u) != nil {
			return Times{}
		}
		t.own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return t
}

// parseTimes reads the line of all processors. The guests' times at its end are in the first two already.
func parseTimes(line string) Times {
	const user, nice, system, idle, iowait, irq, softirq, steal, wanted = 0, 1, 2, 3, 4, 5, 6, 7, 8
	fields := strings.Fields(line)
	if len(fields) < 1+wanted || fields[0] != "cpu" {
		return Times{}
	}
	t := Times{known: true}
	for i, field := range fields[1 : 1+wanted] {
		ticks, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return Times{}
		}
		t.all += ticks
		switch i {
		case user, nice, system, irq, softirq:
			t.busy += ticks
		case steal:
			t.stolen = ticks
		}
	}
	return t
}

// Since says what share of the time since earlier the hypervisor gave to others, and what share was used by processes that
// are not ours; -1: not known. Ticks are counted by sampling and our time is exact, so a little of the second is error.
func (t Times) Since(earlier Times) (steal, others float64) {
	if !t.known || !earlier.known || t.all <= earlier.all {
		return -1, -1
	}
	all := float64(t.all - earlier.all)
	ours := float64(t.own-earlier.own) / float64(tick)
	return float64(t.stolen-earlier.stolen) / all, max(0, (float64(t.busy-earlier.busy)-ours)/all)
}
