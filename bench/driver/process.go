// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"libinger/bench/record"
)

// Far beyond any group: a hang is to end with a name.
const (
	groupLimit      = 10 * time.Minute
	quickGroupLimit = time.Minute
)

// recordBytes is far beyond what a group reports.
const recordBytes = 64 << 20

var errInterrupted = errors.New("interrupted")

// A program is one of the benchmark's own, started with an environment that this run's settings are not part of.
type program struct {
	path        string
	environment []string
	limit       time.Duration
}

// run starts the program with arguments and returns what it has reported, also when it fails. Its lines go to log.
func (p *program) run(ctx context.Context, log io.Writer, variables []string, arguments ...string) ([]record.Record, error) {
	folder, err := os.MkdirTemp("", "inger-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "records")
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	command := exec.CommandContext(limited, p.path, arguments...)
	command.Env = append(append([]string{"BENCH_RECORDS=" + file}, p.environment...), variables...)
	command.Stdout, command.Stderr = log, os.Stderr
	// A group of processes: what the case has started goes with it, and it goes when this process does.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second // for descendants that have its output
	if err := command.Start(); err != nil {
		return nil, err
	}
	err = reason(command.Wait(), limited, ctx, p.limit)
	collect(command.Process.Pid)
	records, damaged := read(file)
	return records, errors.Join(err, damaged)
}

// reason says why a program ended that did not end well.
func reason(err error, limited, ctx context.Context, limit time.Duration) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case limited.Err() != nil:
		return fmt.Errorf("ended after %v", limit)
	case errors.As(err, &exit):
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
			return fmt.Errorf("ended by signal %d (%v)", status.Signal(), status.Signal())
		}
		return fmt.Errorf("exit status %d", exit.ExitCode())
	}
	return err
}

// adopt makes this process the parent of orphans, such as the bare process of a case that has ended: the time they have
// used is then known, and none is left behind.
func adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// collect waits for what a program has started and not waited for. It ends when its pipe closes; what has not ended after a
// second is killed, and what has left the group as well is left to itself after one more.
func collect(group int) {
	deadline, killed := time.Now().Add(time.Second), false
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case err == unix.EINTR || pid > 0:
		case err != nil || killed && time.Now().After(deadline): // no child is left, or none that is ours to end
			return
		case time.Now().After(deadline):
			unix.Kill(-group, unix.SIGKILL)
			deadline, killed = time.Now().Add(time.Second), true
		default:
			time.Sleep(time.Millisecond)
		}
	}
}

func read(file string) ([]record.Record, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("nothing was reported")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return record.Parse(io.LimitReader(f, recordBytes))
}

// environment is this process's without the settings for a program under the library: they are not settings for this one.
// INGER_SEED stays, from which groups take theirs. The second result names what was left out.
func environment(all []string) (kept, ignored []string) {
	for _, variable := range all {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case name == "INGER_SEED":
			kept = append(kept, variable)
		case strings.HasPrefix(name, "INGER_"), name == "LD_PRELOAD", name == "LD_AUDIT", strings.HasPrefix(name, "BENCH_"):
			ignored = append(ignored, name)
		default:
			kept = append(kept, variable)
		}
	}
	return kept, ignored
}

// A group is a row of the table in bench/case_main.c.
type group struct{ name, clock string }

func (g group) String() string { return g.name + " clock=" + g.clock }

// list asks the cases for their groups.
func (p *program) list() ([]group, error) {
	command := exec.Command(p.path, "--list")
	command.Env = p.environment
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the groups: %w", err)
	}
	var groups []group
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) != 2 {
			return nil, fmt.Errorf("list the groups: %q", line)
		}
		groups = append(groups, group{fields[0], fields[1]})
	}
	return groups, nil
}

// variables of a group: the library reads INGER_CLOCK.
func (g group) variables() []string {
	if g.clock == "auto" {
		return nil
	}
	return []string{"INGER_CLOCK=" + g.clock}
}
