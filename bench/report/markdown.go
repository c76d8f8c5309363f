// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"libinger/bench/result"
)

// Markdown is the whole result as a document; pictures are expected beside it.
func Markdown(f *result.File) string {
	var out strings.Builder
	out.WriteString("# Results of the benchmarks\n\n")
	out.WriteString(machineTable(f))
	out.WriteString("\n" + Table(f, groupNames(f)))
	for _, name := range Pictures(f) {
		fmt.Fprintf(&out, "\n%s", picture(f, "", name))
	}
	return out.String()
}

func groupNames(f *result.File) []string {
	var all []string
	for _, g := range f.Groups {
		if !slices.Contains(all, g.Name) {
			all = append(all, g.Name)
		}
	}
	return all
}

// machineTable says on what, how, and how quiet it was.
func machineTable(f *result.File) string {
	m := &f.Machine
	var out strings.Builder
	row := func(what, value string) { fmt.Fprintf(&out, "| %s | %s |\n", what, cell(known(value))) }
	out.WriteString("| | |\n|---|---|\n")
	virtual := ""
	if m.Hypervisor {
		virtual = ", virtual machine"
	}
	row("processor", fmt.Sprintf("%s, %d cores%s", known(m.CPU), m.Cores, virtual))
	row("memory", fmt.Sprintf("%.1f GiB", float64(m.MemoryKiB)/(1<<20)))
	row("kernel", "Linux "+known(m.Kernel))
	row("libc", strings.TrimSpace(known(m.Libc)+" "+m.LibcPackage))
	row("clock source", m.ClockSource)
	if m.Governor != "" {
		row("frequency governor", m.Governor)
	}
	row("extended state", fmt.Sprintf("%d bytes", m.SaveBytes))
	row("libinger", known(f.Library.Version)+", revision "+revision(f))
	kind := "full"
	if f.Settings.Quick {
		kind = "quick: a look, not a record"
	}
	row("run", fmt.Sprintf("%s, %d rounds, %s, %.0f minutes", kind, f.Settings.Rounds, f.Started.Format("2006-01-02 15:04 UTC"), f.Seconds/60))
	row("the machine meanwhile", f.Noise.String())
	t := count(f)
	row("goals", fmt.Sprintf("%d reached, %d missed; noisy: %d of %d cases", t.reached, t.missed, t.noisy, len(f.Cases)))
	return out.String()
}

// Table has the cases of the groups that are named, in the order of the result. A group without cases gives none.
func Table(f *result.File, groups []string) string {
	var out strings.Builder
	for i := range f.Cases {
		c := &f.Cases[i]
		if !slices.Contains(groups, c.Group) {
			continue
		}
		if out.Len() == 0 {
			out.WriteString("| case | median | 95 % interval | p1 to p99 | base | ratio | besides | goal |\n|---|---|---|---|---|---|---|---|\n")
		}
		row(&out, c)
	}
	for _, g := range f.Groups {
		if slices.Contains(groups, g.Name) && len(g.Problems) > 0 {
			fmt.Fprintf(&out, "\nNot measured, or not in every round: %s (clock %s): %s.\n", g.Name, g.Clock, cell(strings.Join(g.Problems, "; ")))
		}
	}
	return out.String()
}

func row(out *strings.Builder, c *result.Case) {
	name := "`" + c.Name + "`"
	if c.Noisy {
		name += fmt.Sprintf(" **noisy** (%s)", disagreement(c))
	}
	base, ratio, goal := "", "", ""
	if c.Other != nil {
		base = fmt.Sprintf("%s: %s, %s", c.Base, quantity(c.Other.Value, c.Unit), plusMinus(c.Other.Estimate, c.Unit))
	}
	if c.Ratio != nil {
		ratio = digits(c.Ratio.Value) + ", " + plusMinus(*c.Ratio, "")
	}
	if c.Goal != nil {
		goal = strings.NewReplacer("_", " ", ",", ", ").Replace(c.Goal.Text) + ": " + verdict(c.Goal)
		if !c.Goal.Reached {
			goal = strings.Replace(goal, "MISSED", "**MISSED**", 1)
		}
	}
	var besides []string
	for _, figure := range c.Figures {
		besides = append(besides, strings.ReplaceAll(figure.Name, "_", " ")+" "+quantity(figure.Value, figure.Unit))
	}
	if c.Text != "" {
		besides = append(besides, strings.ReplaceAll(c.Text, "_", " "))
	}
	spread := quantity(c.Own.P1, c.Unit) + " to " + quantity(c.Own.P99, c.Unit)
	value := quantity(c.Own.Value, c.Unit)
	if c.Figure != "" {
		spread = ""
		value = strings.ReplaceAll(c.Figure, "_", " ") + " " + value
	}
	cells := []string{name, value, interval(c.Own.Estimate, c.Unit), spread, base, ratio,
		strings.Join(besides, "; "), goal}
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

// cell keeps a text in its cell, and a comparison from becoming an HTML tag.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

// picture is an image with its title; folder is empty or ends with a slash.
func picture(f *result.File, folder, name string) string {
	title := name
	for _, c := range f.Curves {
		if c.Name == name {
			title = c.Title
		}
	}
	for _, h := range f.Histograms {
		if h.Name == name {
			title = h.Title
		}
	}
	return fmt.Sprintf("![%s](%s%s.svg)\n", strings.NewReplacer("[", "(", "]", ")").Replace(title), folder, name)
}
