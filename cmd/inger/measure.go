// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"libinger/doctor"
)

// The busy program: long enough for a thousand pauses, and short enough to wait for.
const (
	busyShell   = "/bin/sh"
	busyScript  = `i=0; while [ "$i" -lt 100000 ]; do i=$((i+1)); done`
	busySlice   = 100 * time.Microsecond
	busyRuns    = 2
	busyAtMost  = 30 * time.Second
	leastPauses = 50 // below that a cost per pause is noise
)

// measurePauses runs the busy program in slices and without. The faster of the runs counts, since what disturbs a run
// makes it longer.
func measurePauses(library string) doctor.Measurement {
	m := doctor.Measurement{Slice: busySlice}
	tool, err := os.Executable()
	if err != nil {
		m.Problem = "this tool's own place is unknown: " + err.Error()
		return m
	}
	var sliced, whole time.Duration
	for i := range busyRuns {
		slice := doctor.Measurement{Slice: busySlice}
		used, output, err := busyRun(tool, "run", "--library", library, "--slice", busySlice.String(), "--stats", "--torture=0", "--no-follow")
		if err == nil && !slice.ParseStats(output) {
			err = fmt.Errorf("it printed no statistics: %q", firstLine(output))
		}
		if err != nil {
			m.Problem = err.Error()
			return m
		}
		if i == 0 || used < sliced {
			sliced, m = used, slice
		}
		used, _, err = busyRun(tool, "run", "--library", library, "--slice=0", "--stats=0", "--torture=0", "--no-follow")
		if err != nil {
			m.Problem = err.Error()
			return m
		}
		if i == 0 || used < whole {
			whole = used
		}
	}
	if m.Pauses >= leastPauses && sliced > whole {
		m.Cost, m.CostKnown = (sliced-whole)/time.Duration(m.Pauses), true
	}
	return m
}

// busyRun returns the processor time that the busy program took under the tool, and what it wrote to stderr.
func busyRun(tool string, args ...string) (time.Duration, string, error) {
	limit, cancel := context.WithTimeout(context.Background(), busyAtMost)
	defer cancel()
	cmd := exec.CommandContext(limit, tool, append(args, "--", busyShell, "-c", busyScript)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Whoever interrupts us ends the busy program, too. The signal comes when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if limit.Err() != nil {
		return 0, "", fmt.Errorf("it was not done within %v", busyAtMost)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return 0, "", fmt.Errorf("%v: %s", err, firstLine(stderr.String()))
	}
	if err != nil {
		return 0, "", err
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), stderr.String(), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
