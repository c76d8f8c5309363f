// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"cmp"
	"slices"
	"strings"
)

// Distribution holds times, sorted once Percentile or Max is asked for.
type Distribution struct {
	values []Time
	sorted bool
}

// Add takes one more; what is negative counts as 0.
func (d *Distribution) Add(t Time) {
	d.values = append(d.values, max(t, 0))
	d.sorted = false
}

// Count is how many there are.
func (d *Distribution) Count() int { return len(d.values) }

// Total is their sum.
func (d *Distribution) Total() Time {
	var sum Time
	for _, v := range d.values {
		sum += v
	}
	return sum
}

// Percentile is the nearest rank; of an empty distribution 0. Percentile(100) is the maximum.
func (d *Distribution) Percentile(percent int) Time {
	if len(d.values) == 0 {
		return 0
	}
	if !d.sorted {
		slices.Sort(d.values)
		d.sorted = true
	}
	rank := (len(d.values)*percent + 99) / 100
	return d.values[max(rank, 1)-1]
}

// Max is the largest.
func (d *Distribution) Max() Time { return d.Percentile(100) }

// Group is what is known of all intervals of one name.
type Group struct {
	Name   string
	Times  Distribution
	Where  string // of a deferral: where the longest was interrupted
	Errors int    // of cancels
	Last   string // their last error
	most   Time
}

// Process is one of those recorded.
type Process struct {
	Name     string
	PID      int
	Span     Time // from its first event to its last
	Sliced   Time // of that, in slices that are in no other
	from, to Time
}

// Summary is a trace, summed up. Groups are sorted by their longest, those of slices by their total.
type Summary struct {
	Processes []Process
	Slices    Distribution
	Overshoot Distribution // of slices that the clock ended
	Late      Distribution // of preemption signals after their deadline
	Ends      map[string]int
	Calls     map[string]int // by how they ended
	Functions []Group        // slices by function
	Deferrals []Group
	Waits     []Group
	Cancels   []Group
	Faults    []Event
	Libsets   map[string]int
	Lost      uint64
}

type groups map[string]*Group

func (g groups) add(name string, t Time) *Group {
	group := g[name]
	if group == nil {
		group = &Group{Name: name, most: -1}
		g[name] = group
	}
	group.Times.Add(t)
	return group
}

func (g groups) sorted(by func(*Group) Time) []Group {
	var all []Group
	for _, name := range sortedKeys(g) {
		all = append(all, *g[name])
	}
	slices.SortStableFunc(all, func(a, b Group) int { return cmp.Compare(by(&b), by(&a)) })
	return all
}

type thread struct{ pid, tid int }

// Summarize sums a trace up.
func Summarize(t *Trace) *Summary {
	s := &Summary{Ends: map[string]int{}, Calls: map[string]int{}, Libsets: map[string]int{}, Lost: t.Lost}
	functions, deferrals, waits, cancels := groups{}, groups{}, groups{}, groups{}
	processes := map[int]*Process{}
	begun := map[string]*Event{}
	covered := map[thread]Time{} // up to where the thread's outer slices reach
	for i := range t.Events {
		e := &t.Events[i]
		p := processes[e.PID]
		if p == nil {
			p = &Process{PID: e.PID, Name: "?", from: -1}
			processes[e.PID] = p
		}
		args := e.Args
		if args == nil {
			args = &Args{}
		}
		if e.Ph == "M" {
			if e.Name == "process_name" {
				p.Name = args.Name
			}
			continue
		}
		until := e.TS
		if e.Dur != nil {
			until += max(*e.Dur, 0)
		}
		if p.from < 0 || e.TS < p.from {
			p.from = e.TS
		}
		p.to = max(p.to, until)
		switch {
		case e.Cat == CatSlice && e.Ph == "X":
			s.Slices.Add(until - e.TS)
			s.Ends[args.End]++
			if args.Overshoot != nil {
				s.Overshoot.Add(*args.Overshoot)
			}
			functions.add(e.Name, until-e.TS)
			// Events are sorted by their beginning: what is in an outer slice is covered.
			where := thread{e.PID, e.TID}
			if until > covered[where] {
				p.Sliced += until - max(e.TS, covered[where])
				covered[where] = until
			}
		case e.Cat == CatCancel && e.Ph == "X":
			g := cancels.add(strings.TrimPrefix(e.Name, "cancel "), until-e.TS)
			if args.Error != "" {
				g.Errors++
				g.Last = args.Error
			}
		case e.Ph == "b" && (e.Cat == CatDefer || e.Cat == CatWait):
			begun[e.ID] = e
		case e.Ph == "e" && (e.Cat == CatDefer || e.Cat == CatWait):
			b := begun[e.ID]
			if b == nil {
				continue
			}
			delete(begun, e.ID)
			if e.Cat == CatWait {
				waits.add(e.Name, e.TS-b.TS)
				continue
			}
			g := deferrals.add(e.Name, e.TS-b.TS)
			if b.Args != nil && e.TS-b.TS > g.most {
				g.most, g.Where = e.TS-b.TS, b.Args.At
			}
		case e.Ph == "e" && e.Cat == CatCall:
			s.Calls[args.End]++
		case e.Cat == CatSignal && args.Late != nil && args.Outcome != "spurious" && args.Outcome != "early":
			s.Late.Add(*args.Late)
		case e.Cat == CatFault:
			s.Faults = append(s.Faults, *e)
		case e.Cat == CatLibset:
			s.Libsets[args.Outcome]++
		}
	}
	longest := func(g *Group) Time { return g.Times.Max() }
	s.Functions = functions.sorted(func(g *Group) Time { return g.Times.Total() })
	s.Deferrals, s.Waits, s.Cancels = deferrals.sorted(longest), waits.sorted(longest), cancels.sorted(longest)
	for _, pid := range sortedKeys(processes) {
		p := processes[pid]
		if p.from >= 0 {
			p.Span = p.to - p.from
		}
		s.Processes = append(s.Processes, *p)
	}
	return s
}
