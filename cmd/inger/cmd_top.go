// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"libinger/trace/live"
)

func topCommand() *command {
	in := &topFlags{interval: time.Second}
	return &command{
		name: "top", arguments: "PID",
		summary: "show the counters of a running program",
		about: "Show how many functions a program that uses libinger has launched, completed and cancelled, how many slices and " +
			"deferred pauses there were, a second and in all, and what there is at the moment: functions that run or are paused, " +
			"libsets, stacks. The program is not stopped and does nothing for it.\n\n" +
			"On a terminal the picture is drawn anew in place, until ^C. Elsewhere there is a line for each look. Reading " +
			"another process's memory takes the rights that a debugger needs (`ptrace`(2)).",
		options: []optionText{
			{flag: "--interval DURATION", defaults: "1s", limits: "10ms to 1h", meaning: "Time between two looks."},
			{flag: "--count NUMBER", meaning: "End after so many looks. Without it: when the program ends, or at ^C."},
		},
		statuses: []exitStatus{
			{"0", "So many looks as were asked for, or the program has ended after the first."},
			{"1", "There is no such process, it is not permitted to look, or the process has not loaded libinger.so. One line says which."},
		},
		examples: []example{{"Is anything launched at all?", "inger top --count 2 4711"}},
		flags:    in.declare,
		run: func(args []string, stdout io.Writer) error {
			if len(args) != 1 {
				return &usageError{command: "top", problem: "one process, by its number"}
			}
			pid, err := strconv.Atoi(args[0])
			if err != nil || pid < 1 || pid > 1<<22 {
				return fmt.Errorf("top: %s: not the number of a process", quoted(args[0]))
			}
			return in.run(pid, stdout)
		},
	}
}

type topFlags struct {
	interval time.Duration
	count    uint64
}

type intervalValue time.Duration

func (v *intervalValue) String() string { return "" }
func (v *intervalValue) Type() string   { return "DURATION" }
func (v *intervalValue) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("not a duration; write 500ms or 2s")
	}
	if d < 10*time.Millisecond || d > time.Hour {
		return errors.New("not between 10ms and 1h")
	}
	*v = intervalValue(d)
	return nil
}

type countValue uint64

func (v *countValue) String() string { return "" }
func (v *countValue) Type() string   { return "NUMBER" }
func (v *countValue) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return errors.New("not a number from 1")
	}
	*v = countValue(n)
	return nil
}

func (in *topFlags) declare(flags *pflag.FlagSet) {
	flags.Var((*intervalValue)(&in.interval), "interval", "")
	flags.Var((*countValue)(&in.count), "count", "")
}

// look is the counters at a moment.
type look struct {
	at     time.Time
	counts *live.Counts
}

func (in *topFlags) run(pid int, stdout io.Writer) error {
	p, err := live.Open(pid)
	if err != nil {
		return fmt.Errorf("top: %d: %w", pid, err)
	}
	defer p.Close()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(interrupted)
	inPlace := isTerminal(stdout) && os.Getenv("TERM") != "dumb"
	tick := time.NewTicker(in.interval)
	defer tick.Stop()
	var before *look
	for n := uint64(1); ; n++ {
		counts, err := p.Read()
		if errors.Is(err, live.ErrGone) && before != nil {
			return show(stdout, fmt.Sprintf("%s (%d) has ended\n", printable(p.Name), pid))
		}
		if err != nil {
			return fmt.Errorf("top: %d: %w", pid, err)
		}
		now := &look{time.Now(), counts}
		text := topLine(n == 1, before, now)
		if inPlace {
			text = topPicture(p, before, now, painterFor(stdout, os.LookupEnv))
			if before != nil {
				text = fmt.Sprintf("\x1b[%dA", strings.Count(text, "\n")) + strings.ReplaceAll(text, "\n", "\x1b[K\n")
			}
		}
		if err := show(stdout, text); err != nil {
			return err
		}
		if n == in.count {
			return nil
		}
		before = now
		select {
		case <-tick.C:
		case <-interrupted:
			return nil
		}
	}
}

var topColumns = []string{"launched", "completed", "cancelled", "slices", "deferrals", "spurious"}

// rate is a counter's growth a second; false: it is the first look.
func rate(name string, before, now *look) (float64, bool) {
	if before == nil {
		return 0, false
	}
	more := float64(now.counts.Counters[name] - before.counts.Counters[name])
	return more / max(now.at.Sub(before.at).Seconds(), 1e-6), true
}

// topLine is a look in one line; the first has a line of names above it. The first has no rates.
func topLine(first bool, before, now *look) string {
	text := ""
	if first {
		for _, name := range topColumns {
			text += fmt.Sprintf("%12s %12s ", name, name[:min(len(name), 9)]+"/s")
		}
		text += fmt.Sprintf("%8s %8s %8s %8s %8s %8s\n", "live", "running", "paused", "libsets", "ready", "stacks")
	}
	for _, name := range topColumns {
		perSecond := "-"
		if r, ok := rate(name, before, now); ok {
			perSecond = strconv.FormatFloat(r, 'f', 1, 64)
		}
		text += fmt.Sprintf("%12d %12s ", now.counts.Counters[name], perSecond)
	}
	c := now.counts
	return text + fmt.Sprintf("%8d %8d %8d %8d %8d %8d\n", c.Live(), c.Running, c.Paused(), c.Made-min(c.Retired, c.Made), c.Ready,
		c.Stacks)
}

// topPicture has the same number of lines each time.
func topPicture(p *live.Process, before, now *look, paint painter) string {
	c := now.counts
	text := paint.paint(bold, fmt.Sprintf("%s (%d)", printable(p.Name), p.PID)) +
		fmt.Sprintf(": %d threads have launched, %d functions run, %d are paused\n", c.Threads, c.Running, c.Paused())
	text += fmt.Sprintf("libsets: %d made, %d retired, %d ready; stacks: %d, %d MiB of address space\n", c.Made, c.Retired, c.Ready,
		c.Stacks, c.Bytes>>20)
	text += fmt.Sprintf("%-12s %14s %14s\n", "", "a second", "in all")
	for _, name := range append(topColumns[:3:3], append([]string{"faulted", "abandoned"}, topColumns[3:]...)...) {
		perSecond := "-"
		if r, ok := rate(name, before, now); ok {
			perSecond = strconv.FormatFloat(r, 'f', 1, 64)
		}
		text += fmt.Sprintf("%-12s %14s %14d\n", name, perSecond, c.Counters[name])
	}
	return text
}
