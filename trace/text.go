// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

const (
	mostRows  = 10 // of a table
	barWidth  = 40
	nameWidth = 34
)

// Text is the summary for people.
func (s *Summary) Text() string {
	var out strings.Builder
	for _, p := range s.Processes {
		fmt.Fprintf(&out, "%s (%d): %s", printable(p.Name), p.PID, Duration(p.Span))
		if p.Span > 0 && p.Sliced > 0 {
			fmt.Fprintf(&out, ", %s of it in slices (%.1f %%)", Duration(p.Sliced), 100*float64(p.Sliced)/float64(p.Span))
		}
		out.WriteString("\n")
	}
	if s.Lost > 0 {
		fmt.Fprintf(&out, "The oldest %d events were overwritten; INGER_TRACE_EVENTS gives more room.\n", s.Lost)
	}
	out.WriteString(counts("calls", s.Calls, []string{"done", "cancelled", "given up", "faulted", "left", "exit", "cut off"}))
	out.WriteString(counts("slices", s.Ends, []string{"clock", "yielded", "done", "given up", "left", "faulted", "exit", "cut off"}))
	out.WriteString(counts("libsets", s.Libsets, libsets))

	out.WriteString("\n" + header("", "count", "total", "median", "p90", "p99", "max"))
	out.WriteString(row("slices", &s.Slices) + row("overshoot", &s.Overshoot) + row("signal after deadline", &s.Late))
	out.WriteString(histogram("Slices", &s.Slices) + histogram("Overshoot of slices that the clock ended", &s.Overshoot))
	out.WriteString(table("Time in functions", "", s.Functions, nil))
	out.WriteString(table("Deferred pauses, by the function that was not to be paused", "the longest was interrupted in", s.Deferrals,
		func(g *Group) string { return printable(g.Where) }))
	out.WriteString(table("Waits", "", s.Waits, nil))
	out.WriteString(table("Cancels", "", s.Cancels, func(g *Group) string {
		if g.Errors == 0 {
			return ""
		}
		return fmt.Sprintf("%d refused, the last: %s", g.Errors, g.Last)
	}))
	if len(s.Faults) > 0 {
		out.WriteString("\nFaults\n")
		for i, f := range s.Faults {
			if i == mostRows {
				fmt.Fprintf(&out, "  and %d more\n", len(s.Faults)-i)
				break
			}
			fmt.Fprintf(&out, "  %s at %s\n", printable(f.Name), Duration(f.TS))
		}
	}
	return out.String()
}

// counts is a line, the words in their order and unknown ones at the end.
func counts(what string, by map[string]int, order []string) string {
	total, rest, parts := 0, 0, []string{}
	for _, n := range by {
		total += n
	}
	if total == 0 {
		return ""
	}
	rest = total
	for _, word := range order {
		if by[word] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[word], word))
			rest -= by[word]
		}
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%d otherwise", rest))
	}
	return fmt.Sprintf("%s: %d (%s)\n", what, total, strings.Join(parts, ", "))
}

func header(name string, columns ...string) string {
	line := pad(name, nameWidth)
	for _, c := range columns {
		line += fmt.Sprintf(" %9s", c)
	}
	return strings.TrimRight(line, " ") + "\n"
}

func row(name string, d *Distribution) string {
	return header(name, strconv.Itoa(d.Count()), Duration(d.Total()), Duration(d.Percentile(50)), Duration(d.Percentile(90)),
		Duration(d.Percentile(99)), Duration(d.Max()))
}

func table(title, note string, groups []Group, more func(*Group) string) string {
	if len(groups) == 0 {
		return ""
	}
	text := "\n" + title + "\n" + strings.TrimRight(header("", "count", "total", "median", "p90", "p99", "max"), "\n")
	if note != "" {
		text += "  " + note
	}
	text += "\n"
	for i := range groups {
		if i == mostRows {
			return text + fmt.Sprintf("  and %d more\n", len(groups)-i)
		}
		line := strings.TrimRight(row("  "+printable(groups[i].Name), &groups[i].Times), "\n")
		if more != nil {
			line += "  " + more(&groups[i])
		}
		text += strings.TrimRight(line, " ") + "\n"
	}
	return text
}

// bucket is from low to below 2*low; the first one from 0.
type bucket struct {
	low   Time
	count int
}

// buckets counts by powers of two of 250 ns, without empty ones at the ends.
func buckets(d *Distribution) []bucket {
	const first = 250
	var all []bucket
	for _, v := range d.values {
		n := bits.Len64(uint64(v) / first)
		for len(all) <= n {
			low := Time(0)
			if len(all) > 0 {
				low = first << (len(all) - 1)
			}
			all = append(all, bucket{low: low})
		}
		all[n].count++
	}
	for len(all) > 1 && all[0].count == 0 {
		all = all[1:]
	}
	return all
}

func (b bucket) high() Time { return max(2*b.low, 250) }

func histogram(title string, d *Distribution) string {
	if d.Count() == 0 {
		return ""
	}
	all := buckets(d)
	most := 0
	for _, b := range all {
		most = max(most, b.count)
	}
	text := "\n" + title + "\n"
	for _, b := range all {
		bar := strings.Repeat("#", (b.count*barWidth+most-1)/most)
		text += strings.TrimRight(fmt.Sprintf("  %9s to %-9s %8d %s", Duration(b.low), Duration(b.high()), b.count, bar), " ") + "\n"
	}
	return text
}

// Duration is a time with three digits and its unit.
func Duration(t Time) string {
	sign, v := "", float64(t)
	if v < 0 {
		sign, v = "-", -v
	}
	unit := "ns"
	for _, next := range []string{"us", "ms", "s"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, next
	}
	digits := 0
	if unit != "ns" && v < 99.95 {
		digits = 1
		if v < 9.995 {
			digits = 2
		}
	}
	return sign + strconv.FormatFloat(v, 'f', digits, 64) + unit
}

// pad counts characters, which is near enough to columns.
func pad(text string, width int) string {
	runes := []rune(text)
	if len(runes) > width {
		runes = append(runes[:width-1], '…')
	}
	return string(runes) + strings.Repeat(" ", width-len(runes))
}

// printable is text in one line, whatever the file had.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
