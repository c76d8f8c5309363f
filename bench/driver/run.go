// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"libinger/bench/estimate"
	"libinger/bench/machine"
	"libinger/bench/record"
	"libinger/bench/report"
	"libinger/bench/result"
)

const (
	fullRounds, quickRounds   = 5, 3
	fullMinutes, quickMinutes = 24, 1.8
)

// A run is interleaved: each round runs every group once.
type run struct {
	cases, noise program
	groups       []group
	collected    []collected // as groups
	rounds       int
	until        time.Time // no round of a group begins that would not be over by then
	quick        bool
	log          io.Writer
	progress     io.Writer
}

// collected is what the rounds of a group gave.
type collected struct {
	rounds   [][]record.Record
	seconds  []float64
	problems []string
}

func runCommand(args []string, out io.Writer) error {
	flags := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	quick := flags.Bool("quick", false, "")
	list := flags.Bool("list", false, "")
	rounds := flags.Int("rounds", 0, "")
	minutes := flags.Float64("minutes", 0, "")
	seed := flags.Uint64("seed", 1, "")
	if err := parse(flags, args, 0, 1000); err != nil {
		return err
	}
	if *rounds < 0 || *minutes < 0 {
		return fmt.Errorf("%w: rounds and minutes are positive", errUsage)
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	folder := filepath.Dir(executable)
	kept, ignored := environment(os.Environ())
	cases := program{filepath.Join(folder, "cases"), kept, groupLimit}
	groups, err := cases.list()
	if err != nil {
		return err
	}
	if *list {
		fmt.Fprintf(out, "%sgroups: %s\n", usage, strings.Join(names(groups), " "))
		return nil
	}
	chosen, err := choose(groups, flags.Args())
	if err != nil {
		return err
	}
	if len(flags.Args()) > 0 {
		// The result of a whole run is not to be lost to a look at one group.
		folder = filepath.Join(folder, "chosen")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if *quick {
		cases.limit = quickGroupLimit
	}
	limit := time.Duration(or(*minutes, map[bool]float64{false: fullMinutes, true: quickMinutes}[*quick]) * float64(time.Minute))
	log, err := os.Create(filepath.Join(folder, "rounds.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	r := &run{
		cases: cases, noise: program{filepath.Join(filepath.Dir(executable), "noise"), kept, groupLimit},
		groups: chosen, rounds: or(*rounds, map[bool]int{false: fullRounds, true: quickRounds}[*quick]),
		until: time.Now().Add(limit), quick: *quick, log: log, progress: os.Stderr,
	}
	file := &result.File{
		Schema: result.Schema, Started: time.Now().UTC().Truncate(time.Second),
		Library: library(filepath.Dir(executable)), Machine: machine.Describe(),
		Settings: result.Settings{Quick: *quick, Rounds: r.rounds, Seed: *seed, Confidence: estimate.Confidence,
			Method: estimate.Method, Ignored: append([]string{}, ignored...)},
	}
	file.Noise.Load = machine.Load()
	fmt.Fprint(out, report.Machine(file))
	if err := r.measure(file); err != nil {
		return err
	}
	problems := r.merge(file)
	if err := file.Write(filepath.Join(folder, "results.json")); err != nil {
		return err
	}
	if err := report.Write(file, folder); err != nil {
		return err
	}
	fmt.Fprint(out, report.Lines(file))
	if problems > 0 {
		return fmt.Errorf("groups not measured in some round: %d", problems)
	}
	return nil
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func names(groups []group) []string {
	var all []string
	for _, g := range groups {
		if !slices.Contains(all, g.name) {
			all = append(all, g.name)
		}
	}
	return all
}

// choose takes the groups that are named; none named: all.
func choose(groups []group, wanted []string) ([]group, error) {
	if len(wanted) == 0 {
		return groups, nil
	}
	for _, name := range wanted {
		if !slices.Contains(names(groups), name) {
			return nil, fmt.Errorf("%w: no group %s; there are %s", errUsage, name, strings.Join(names(groups), " "))
		}
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return !slices.Contains(wanted, g.name) }), nil
}

// measure runs the rounds and looks at the machine between them.
func (r *run) measure(file *result.File) error {
	// A child is killed when the thread ends that has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := adopt(); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	started, before := time.Now(), machine.ReadTimes()
	r.collected = make([]collected, len(r.groups))
	for round := range r.rounds {
		if err := r.look(ctx, file); err != nil {
			return err
		}
		for i := range r.groups {
			if !r.fits(i) {
				continue
			}
			if err := r.one(ctx, i, round); err != nil {
				return err
			}
		}
	}
	if err := r.look(ctx, file); err != nil {
		return err
	}
	file.Noise.Steal, file.Noise.Others = machine.ReadTimes().Since(before)
	file.Noise.Judge()
	file.Seconds = time.Since(started).Seconds()
	return nil
}

// fits says whether there is time for one more round of a group. The first always is: a group without a figure is worse than
// a run that is too long.
func (r *run) fits(i int) bool {
	seconds := r.collected[i].seconds
	if len(seconds) == 0 {
		return true
	}
	return time.Now().Add(time.Duration(slices.Max(seconds) * float64(time.Second))).Before(r.until)
}

func (r *run) look(ctx context.Context, file *result.File) error {
	records, err := r.noise.run(ctx, io.Discard, nil)
	if err != nil {
		return fmt.Errorf("look at the machine: %w", err)
	}
	look, err := machine.NewLook(records)
	if err != nil {
		return err
	}
	file.Noise.Looks = append(file.Noise.Looks, look)
	return nil
}

// one runs a group once. Only the end of the whole run is an error; a group's own is kept.
func (r *run) one(ctx context.Context, i, round int) error {
	g, c := r.groups[i], &r.collected[i]
	fmt.Fprintf(r.log, "# round %d %s\n", round+1, g)
	arguments := []string{g.name}
	if r.quick {
		arguments = append(arguments, "--quick")
	}
	started := time.Now()
	records, err := r.cases.run(ctx, r.log, g.variables(), arguments...)
	if ctx.Err() != nil {
		return errInterrupted
	}
	elapsed := time.Since(started).Seconds()
	c.rounds = append(c.rounds, records)
	c.seconds = append(c.seconds, elapsed)
	if err != nil {
		problem := fmt.Sprintf("round %d: %v", round+1, err)
		c.problems = append(c.problems, problem)
		fmt.Fprintf(r.progress, "bench: %s: %s\n", g, problem)
	}
	fmt.Fprintf(r.progress, "round %d/%d %-24s %6.1fs\n", round+1, r.rounds, g.name, elapsed)
	return nil
}

// merge makes the result of what was collected, and returns how many groups had problems.
func (r *run) merge(file *result.File) int {
	problems := 0
	for i, g := range r.groups {
		c := &r.collected[i]
		for _, err := range file.Merge(g.name, g.clock, c.rounds) {
			c.problems = append(c.problems, err.Error())
		}
		if len(c.problems) > 0 {
			problems++
		}
		file.Groups = append(file.Groups, result.Group{Name: g.name, Clock: g.clock, Seconds: c.seconds,
			Problems: append([]string{}, c.problems...)})
	}
	return problems
}

// library says what was measured, as far as the tool beside it and git know.
func library(folder string) result.Library {
	var l result.Library
	output := func(name string, args ...string) string {
		text, err := exec.Command(name, args...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(text))
	}
	words := strings.Fields(output(filepath.Join(folder, "..", "inger"), "--version"))
	if len(words) > 0 {
		l.Version = words[len(words)-1]
	}
	root := filepath.Join(folder, "..", "..")
	if l.Revision = output("git", "-C", root, "rev-parse", "--short=12", "HEAD"); l.Revision != "" {
		l.Modified = output("git", "-C", root, "status", "--porcelain", "--untracked-files=no") != ""
	}
	return l
}
