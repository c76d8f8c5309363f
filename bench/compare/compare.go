// SPDX-License-Identifier: Apache-2.0

// Package compare says what has changed between two results. What is compared are the medians of rounds: a round is the
// unit that varies independently (see package estimate). The test is that of benchstat, from golang.org/x/perf/benchmath:
// Mann-Whitney's, which assumes no distribution.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"libinger/bench/estimate"
	"libinger/bench/plot"
	"libinger/bench/record"
	"libinger/bench/result"
)

// A Row is one figure that both results have: a case's own, its base's, or a point of a curve.
type Row struct {
	Name     string
	Unit     string
	Base     bool // what a case is measured beside
	Old, New estimate.Estimate
	Test     benchmath.Comparison
}

// Changed says whether the test tells the two apart.
func (r *Row) Changed() bool { return r.Test.P <= r.Test.Alpha }

// Apart says whether the medians differ by more than their intervals together.
func (r *Row) Apart() bool { return !r.Old.Overlaps(r.New) }

// Comparison is of two results.
type Comparison struct {
	Rows    []Row
	OldOnly []string
	NewOnly []string
	Remarks []string // why figures may not be comparable
}

// Results compares what both have.
func Results(old, new *result.File) *Comparison {
	c := &Comparison{}
	c.remark(old, new)
	former := map[string]figure{}
	before := figures(old)
	for _, f := range before {
		former[f.key] = f
	}
	for _, now := range figures(new) {
		was, known := former[now.key]
		delete(former, now.key)
		if !known {
			c.NewOnly = append(c.NewOnly, now.name)
			continue
		}
		c.Rows = append(c.Rows, Row{Name: now.name, Unit: now.unit, Base: now.base, Old: was.estimate, New: now.estimate,
			Test: test(was.medians, now.medians)})
	}
	for _, f := range before {
		if _, gone := former[f.key]; gone {
			c.OldOnly = append(c.OldOnly, f.name)
		}
	}
	return c
}

// A figure is what is compared.
type figure struct {
	key, name, unit string
	base            bool
	estimate        estimate.Estimate
	medians         []float64 // of rounds
}

// figures of a result, each once: a case may be there with several bases, and a base's samples with several cases.
func figures(f *result.File) []figure {
	var all, bases []figure
	seen := map[string]bool{}
	for i := range f.Cases {
		c := &f.Cases[i]
		place := c.Group + "/" + c.Clock + "/"
		if key := place + c.Name; !seen[key] {
			seen[key] = true
			all = append(all, figure{key, label(c), c.Unit, false, c.Own.Estimate, medians(c.Rounds)})
		}
		if c.Other == nil {
			continue
		}
		values := medians(c.OtherRounds)
		if shared := fmt.Sprint(place, c.Base, values); !seen[shared] {
			seen[shared] = true
			bases = append(bases, figure{c.Key(), "base " + c.Base + " of " + label(c), c.Unit, true, c.Other.Estimate, values})
		}
	}
	for _, c := range f.Curves {
		for _, s := range c.Series {
			for _, p := range s.Points {
				key := fmt.Sprintf("%s[%s] at %g", c.Name, s.Name, p.X)
				all = append(all, figure{"curve " + key, key, c.Unit, false, p.Estimate, p.Medians})
			}
		}
	}
	return append(all, bases...)
}

// label names a case, with its clock where the name does not tell.
func label(c *result.Case) string {
	if c.Clock == "auto" || strings.Contains(c.Name, c.Clock) {
		return c.Name
	}
	return c.Name + " (" + c.Clock + ")"
}

func medians(rounds []*record.Samples) []float64 {
	values := make([]float64, len(rounds))
	for i, s := range rounds {
		values[i] = s.Median
	}
	return values
}

func test(old, new []float64) benchmath.Comparison {
	sample := func(values []float64) *benchmath.Sample {
		thresholds := benchmath.DefaultThresholds
		return benchmath.NewSample(slices.Clone(values), &thresholds) // which sorts them
	}
	return benchmath.AssumeNothing.Compare(sample(old), sample(new))
}

func (c *Comparison) remark(old, new *result.File) {
	for _, difference := range old.Machine.Differences(new.Machine) {
		c.Remarks = append(c.Remarks, "machines differ: "+difference)
	}
	if old.Settings.Quick || new.Settings.Quick {
		c.Remarks = append(c.Remarks, "a quick run has few samples and rounds")
	}
	if old.Settings.Quick != new.Settings.Quick {
		c.Remarks = append(c.Remarks, "one run is quick, the other is not: they do not measure quite the same")
	}
	for _, f := range []struct {
		which string
		file  *result.File
	}{{"old", old}, {"new", new}} {
		if len(f.file.Noise.Reasons) > 0 {
			c.Remarks = append(c.Remarks, fmt.Sprintf("the machine was noisy (%s): %s", f.which, strings.Join(f.file.Noise.Reasons, "; ")))
		}
	}
}

// Apart are the rows whose medians are.
func (c *Comparison) Apart() []Row {
	return slices.DeleteFunc(slices.Clone(c.Rows), func(r Row) bool { return !r.Apart() })
}

// Text is a table of what was compared. Where a change can't be told from chance it has a ~ in the place of a figure.
func (c *Comparison) Text() string {
	var out strings.Builder
	for _, remark := range c.Remarks {
		fmt.Fprintf(&out, "# %s\n", remark)
	}
	fmt.Fprintf(&out, "%-56s %20s %20s %9s\n", "case", "old", "new", "delta")
	few, changed, bases := 0, 0, 0
	for i := range c.Rows {
		r := &c.Rows[i]
		few += min(len(r.Test.Warnings), 1)
		if r.Changed() && r.Base {
			bases++
		} else if r.Changed() {
			changed++
		}
		apart := ""
		if r.Apart() {
			apart = " apart"
		}
		fmt.Fprintf(&out, "%-56s %20s %20s %9s (%s)%s\n", r.Name, amount(r.Old, r.Unit), amount(r.New, r.Unit),
			r.Test.FormatDelta(r.Old.Value, r.New.Value), r.Test, apart)
	}
	for _, name := range c.OldOnly {
		fmt.Fprintf(&out, "only in old: %s\n", name)
	}
	for _, name := range c.NewOnly {
		fmt.Fprintf(&out, "only in new: %s\n", name)
	}
	fmt.Fprintf(&out, "# %d compared, %d changed at p <= %g, and %d bases", len(c.Rows), changed,
		benchmath.DefaultThresholds.CompareAlpha, bases)
	if few > 0 {
		fmt.Fprintf(&out, "; %d have too few rounds to tell: the test needs 4 of each", few)
	}
	out.WriteString("\n")
	return out.String()
}

func amount(e estimate.Estimate, unit string) string {
	text := strings.TrimSpace(fmt.Sprintf("%.4g %s", e.Value, unit))
	if unit == "ns" {
		text = plot.Time(e.Value)
	}
	if half := e.Half(); half > 0 && e.Value != 0 {
		text += fmt.Sprintf(" ±%.1f%%", half/math.Abs(e.Value)*100)
	}
	return text
}
