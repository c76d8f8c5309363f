// SPDX-License-Identifier: Apache-2.0

package result

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"libinger/bench/estimate"
	"libinger/bench/record"
)

// Merge makes cases, curves and histograms of f from what the rounds of a group have reported, and appends them. It returns
// what does not fit together. Several groups may add to the same curve or histogram.
func (f *File) Merge(group, clock string, rounds [][]record.Record) []error {
	m := merger{file: f, group: group, clock: clock}
	for i, records := range rounds {
		m.round(i, records)
	}
	f.Cases = append(f.Cases, m.cases()...)
	m.points()
	return m.problems
}

type lineKey struct{ name, base string }

type pointKey struct {
	curve, series string
	x             float64
}

type merger struct {
	file         *File
	group, clock string
	problems     []error

	lineOrder  []lineKey
	lines      map[lineKey][]*record.Line
	pointOrder []pointKey
	point      map[pointKey][]*record.Point
}

func (m *merger) round(number int, records []record.Record) {
	if m.lines == nil {
		m.lines, m.point = map[lineKey][]*record.Line{}, map[pointKey][]*record.Point{}
	}
	seen := map[any]bool{}
	twice := func(key any, name string) bool {
		if seen[key] {
			m.problems = append(m.problems, fmt.Errorf("round %d: %s is reported twice", number+1, name))
		}
		was := seen[key]
		seen[key] = true
		return was
	}
	for _, r := range records {
		switch {
		case r.Line != nil:
			key := lineKey{r.Line.Name, r.Line.Base}
			if twice(key, r.Line.Name) {
				continue
			}
			if m.lines[key] == nil {
				m.lineOrder = append(m.lineOrder, key)
			}
			m.lines[key] = append(m.lines[key], r.Line)
		case r.Point != nil:
			key := pointKey{r.Point.Curve, r.Point.Series, r.Point.X}
			if twice(key, fmt.Sprintf("%s[%s] at %g", key.curve, key.series, key.x)) {
				continue
			}
			if m.point[key] == nil {
				m.pointOrder = append(m.pointOrder, key)
			}
			m.point[key] = append(m.point[key], r.Point)
		case r.Histogram != nil:
			m.histogram(r.Histogram)
		}
	}
}

func (m *merger) cases() []Case {
	var cases []Case
	for _, key := range m.lineOrder {
		cases = append(cases, m.newCase(m.lines[key]))
	}
	return cases
}

func (m *merger) newCase(lines []*record.Line) Case {
	last := lines[len(lines)-1]
	c := Case{Group: m.group, Clock: m.clock, Name: last.Name, Unit: last.Unit, Figure: last.Figure, Batch: last.Batch, Base: last.Base, Text: texts(lines)}
	seed := m.file.Settings.Seed
	for _, l := range lines {
		c.Rounds = append(c.Rounds, l.Own)
		if l.Samples != nil {
			c.OtherRounds = append(c.OtherRounds, l.Samples)
		}
	}
	// Without the base: the same rounds beside another base are to have the same interval.
	c.Own = spread(c.Rounds, seed, c.Group+"/"+c.Clock+"/"+c.Name)
	c.Noisy = c.Own.Noisy()
	if len(c.OtherRounds) > 0 {
		other := spread(c.OtherRounds, seed, c.Key()+"/base")
		c.Other = &other
		c.Noisy = c.Noisy || other.Noisy()
		if ratio, ok := estimate.Ratio(c.Rounds, c.OtherRounds, seed, c.Key()); ok {
			c.Ratio = &ratio
		}
	}
	c.Figures = figures(lines, seed, c.Key())
	c.Goal = judge(lines)
	return c
}

// texts are what the rounds say, and how many say it where they do not agree.
func texts(lines []*record.Line) string {
	var said []string
	count := map[string]int{}
	for _, l := range lines {
		if count[l.Text]++; count[l.Text] == 1 && l.Text != "" {
			said = append(said, l.Text)
		}
	}
	if len(said) == 1 && count[said[0]] == len(lines) {
		return said[0]
	}
	for i, text := range said {
		said[i] = fmt.Sprintf("%s (%d of %d rounds)", text, count[text], len(lines))
	}
	return strings.Join(said, "; ")
}

func judge(lines []*record.Line) *Goal {
	var g Goal
	for _, l := range lines {
		if l.Reached == nil {
			continue
		}
		g.Text = l.Goal
		g.JudgedIn++
		if *l.Reached {
			g.ReachedIn++
		}
	}
	if g.JudgedIn == 0 {
		return nil
	}
	g.Reached = 2*g.ReachedIn > g.JudgedIn
	return &g
}

func figures(lines []*record.Line, seed uint64, name string) []Figure {
	result := []Figure{}
	values := map[string][]*record.Samples{}
	for _, l := range lines {
		for _, f := range l.Figures {
			if values[f.Name] == nil {
				result = append(result, Figure{Name: f.Name, Unit: f.Unit})
			}
			values[f.Name] = append(values[f.Name], record.Single(f.Value))
		}
	}
	for i := range result {
		f := &result[i]
		f.Estimate = estimate.Median(values[f.Name], seed, name+"/"+f.Name)
	}
	return result
}

func spread(rounds []*record.Samples, seed uint64, name string) Spread {
	middle := func(of func(s *record.Samples) float64) float64 { return estimate.Middle(each(rounds, of)) }
	return Spread{
		Estimate: estimate.Median(rounds, seed, name),
		P1:       middle(func(s *record.Samples) float64 { return s.P1 }),
		P99:      middle(func(s *record.Samples) float64 { return s.P99 }),
		P999:     middle(func(s *record.Samples) float64 { return s.P999 }),
		Max:      slices.Max(each(rounds, func(s *record.Samples) float64 { return s.Max })),
		Rounds:   estimate.Spread(rounds),
	}
}

func each(rounds []*record.Samples, of func(s *record.Samples) float64) []float64 {
	values := make([]float64, len(rounds))
	for i, s := range rounds {
		values[i] = of(s)
	}
	return values
}

// points sorts what was collected into the curves of the file.
func (m *merger) points() {
	for _, key := range m.pointOrder {
		all := m.point[key]
		p := all[0]
		i := slices.IndexFunc(m.file.Curves, func(c Curve) bool { return c.Name == p.Curve })
		if i < 0 {
			i = len(m.file.Curves)
			m.file.Curves = append(m.file.Curves, Curve{Name: p.Curve, Title: p.Title, Parameter: p.Parameter, Unit: p.Unit,
				LogX: p.LogX, LogY: p.LogY})
		}
		c := &m.file.Curves[i]
		k := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == p.Series })
		if k < 0 {
			k = len(c.Series)
			c.Series = append(c.Series, Series{Name: p.Series})
		}
		c.Series[k].Points = append(c.Series[k].Points, newPoint(all, m.file.Settings.Seed))
		slices.SortStableFunc(c.Series[k].Points, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	}
}

func newPoint(rounds []*record.Point, seed uint64) Point {
	p := Point{X: rounds[0].X}
	var samples []*record.Samples
	for _, r := range rounds {
		samples = append(samples, r.Own)
		p.Medians = append(p.Medians, r.Own.Median)
		p.N += r.Own.N
	}
	name := fmt.Sprintf("%s/%s/%g", rounds[0].Curve, rounds[0].Series, p.X)
	s := spread(samples, seed, name)
	p.Estimate, p.P1, p.P99 = s.Estimate, s.P1, s.P99
	return p
}

func (m *merger) histogram(h *record.Histogram) {
	i := slices.IndexFunc(m.file.Histograms, func(other Histogram) bool { return other.Name == h.Name })
	if i < 0 {
		i = len(m.file.Histograms)
		m.file.Histograms = append(m.file.Histograms, Histogram{Name: h.Name, Title: h.Title, Unit: h.Unit})
	}
	series := &m.file.Histograms[i].Series
	k := slices.IndexFunc(*series, func(d Distribution) bool { return d.Name == h.Series })
	if k < 0 {
		k = len(*series)
		*series = append(*series, Distribution{Name: h.Series})
	}
	(*series)[k].Rounds = append((*series)[k].Rounds, h.Own)
}
