// SPDX-License-Identifier: Apache-2.0

// Package report shows a result: as lines on a terminal, as tables in Markdown, as pictures.
package report

import (
	"fmt"
	"strings"

	"libinger/bench/result"
)

// Machine is the header of the lines: on what and how.
func Machine(f *result.File) string {
	m := &f.Machine
	quick := ""
	if f.Settings.Quick {
		quick = " quick"
	}
	return fmt.Sprintf("# cpu=%s cores=%d kernel=%s libc=%s package=%s clock=%s load=%.2f\n"+
		"# libinger=%s revision=%s rounds=%d seed=%d quantum_us=100%s\n",
		known(m.CPU), m.Cores, known(m.Kernel), known(m.Libc), known(m.LibcPackage), known(m.ClockSource), f.Noise.Load,
		known(f.Library.Version), revision(f), f.Settings.Rounds, f.Settings.Seed, quick)
}

func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

func revision(f *result.File) string {
	if f.Library.Modified {
		return f.Library.Revision + "+changes"
	}
	return known(f.Library.Revision)
}

// Lines is one line for each case, each point and each distribution, and a summary.
func Lines(f *result.File) string {
	var out strings.Builder
	for i := range f.Cases {
		line(&out, &f.Cases[i])
	}
	for _, c := range f.Curves {
		for _, s := range c.Series {
			for _, p := range s.Points {
				fmt.Fprintf(&out, "%s[%s] %s=%g median=%s [%s] p1=%s p99=%s rounds=%d\n", c.Name, s.Name, c.Parameter, p.X,
					quantity(p.Value, c.Unit), interval(p.Estimate, c.Unit), quantity(p.P1, c.Unit), quantity(p.P99, c.Unit), len(p.Medians))
			}
		}
	}
	for _, g := range f.Groups {
		for _, problem := range g.Problems {
			fmt.Fprintf(&out, "%-26s not measured: clock=%s: %s\n", g.Name, g.Clock, problem)
		}
	}
	t := count(f)
	fmt.Fprintf(&out, "# machine: %s\n", f.Noise.String())
	fmt.Fprintf(&out, "# interval: %s; seed %d\n", f.Settings.Method, f.Settings.Seed)
	fmt.Fprintf(&out, "# goals: %d ok, %d MISSED; noisy: %d of %d; groups not measured: %d; %.0f s\n", t.reached, t.missed, t.noisy,
		len(f.Cases), t.failed, f.Seconds)
	return out.String()
}

func line(out *strings.Builder, c *result.Case) {
	fmt.Fprintf(out, "%-26s ", c.Name)
	if c.Figure != "" {
		fmt.Fprintf(out, "%s=", c.Figure)
	}
	fmt.Fprintf(out, "%s [%s]", quantity(c.Own.Value, c.Unit), interval(c.Own.Estimate, c.Unit))
	if c.Figure == "" {
		fmt.Fprintf(out, " p1=%s p99=%s", quantity(c.Own.P1, c.Unit), quantity(c.Own.P99, c.Unit))
	}
	if c.Other != nil {
		fmt.Fprintf(out, " base=%s %s [%s]", c.Base, quantity(c.Other.Value, c.Unit), interval(c.Other.Estimate, c.Unit))
	}
	if c.Ratio != nil {
		fmt.Fprintf(out, " ratio=%s [%s]", digits(c.Ratio.Value), interval(*c.Ratio, ""))
	}
	for _, figure := range c.Figures {
		fmt.Fprintf(out, " %s=%s", figure.Name, quantity(figure.Value, figure.Unit))
	}
	if c.Text != "" {
		fmt.Fprintf(out, " %s", c.Text)
	}
	fmt.Fprintf(out, " rounds=%d n=%d", len(c.Rounds), samples(c))
	if c.Batch > 1 {
		fmt.Fprintf(out, "x%d", c.Batch)
	}
	if c.Noisy {
		fmt.Fprintf(out, " noisy=%s", disagreement(c))
	}
	if c.Goal != nil {
		fmt.Fprintf(out, " goal=%s %s", c.Goal.Text, verdict(c.Goal))
	}
	out.WriteString("\n")
}

// disagreement is how far apart the rounds are, of the case or of its base.
func disagreement(c *result.Case) string {
	spread := c.Own.Rounds
	if c.Other != nil {
		spread = max(spread, c.Other.Rounds)
	}
	return fmt.Sprintf("%.0f%%", spread*100)
}

func samples(c *result.Case) int {
	n := 0
	for _, r := range c.Rounds {
		n += r.N
	}
	return n
}

// verdict is ok or MISSED, and in how many rounds where they do not agree.
func verdict(g *result.Goal) string {
	word := "MISSED"
	if g.Reached {
		word = "ok"
	}
	if g.ReachedIn > 0 && g.ReachedIn < g.JudgedIn {
		word += fmt.Sprintf("(%d/%d)", g.ReachedIn, g.JudgedIn)
	}
	return word
}

type tally struct{ reached, missed, noisy, failed int }

func count(f *result.File) tally {
	var t tally
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Noisy {
			t.noisy++
		}
		switch {
		case c.Goal == nil:
		case c.Goal.Reached:
			t.reached++
		default:
			t.missed++
		}
	}
	for _, g := range f.Groups {
		if len(g.Problems) > 0 {
			t.failed++
		}
	}
	return t
}
