// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"libinger/bench/estimate"
	"libinger/bench/record"
)

// Noise is how quiet the machine was, looked at before each round and after the last.
type Noise struct {
	Looks   []Look   `json:"looks"`
	Steal   float64  `json:"steal"`   // share of processor time that the hypervisor gave to others during the run; -1: not known
	Others  float64  `json:"others"`  // share of processor time that processes which are not the benchmark's used; -1: not known
	Load    float64  `json:"load"`    // the kernel's average of a minute when the run began; -1: not known
	Reasons []string `json:"reasons"` // why this is a noisy machine; empty: it is a quiet one
}

// A Look is one run of bench/noise.c.
type Look struct {
	Spin  *record.Samples `json:"spin"`  // ns of a fixed loop
	Timer *record.Samples `json:"timer"` // ns that a sleeper woke too late
}

// Bounds of a quiet machine: where they are exceeded the medians of two runs can differ by more than their intervals.
const (
	mostSteal      = 0.01
	mostSpinTail   = 1.25 // p99 of the loop as a multiple of its median
	mostSpinChange = 0.03 // between looks
	mostTimerTail  = 100e3
	mostOthers     = 0.05
)

// Judge fills in the reasons.
func (n *Noise) Judge() {
	n.Reasons = []string{}
	say := func(format string, args ...any) { n.Reasons = append(n.Reasons, fmt.Sprintf(format, args...)) }
	if n.Steal > mostSteal {
		say("%.1f %% of the processor time was stolen", n.Steal*100)
	}
	if n.Others > mostOthers {
		say("other processes used %.1f %% of the processor time", n.Others*100)
	}
	if len(n.Looks) == 0 {
		return
	}
	spin, tails, late := n.medians()
	if tail := estimate.Middle(tails); tail > mostSpinTail {
		say("p99 of a fixed loop is %.2f times its median", tail)
	}
	if change := (slices.Max(spin) - slices.Min(spin)) / estimate.Middle(spin); change > mostSpinChange {
		say("speed of a fixed loop changed by %.1f %% during the run", change*100)
	}
	if tail := estimate.Middle(late); tail > mostTimerTail {
		say("p99 of a timer's lateness is %.0f us", tail/1e3)
	}
}

// medians of the looks: the loop, its tail as a multiple, and the tail of the timer.
func (n *Noise) medians() (spin, tails, late []float64) {
	for _, l := range n.Looks {
		spin = append(spin, l.Spin.Median)
		tails = append(tails, l.Spin.P99/l.Spin.Median)
		late = append(late, l.Timer.P99)
	}
	return spin, tails, late
}

func (n *Noise) String() string {
	if len(n.Looks) == 0 {
		return "not measured"
	}
	spin, tails, late := n.medians()
	text := fmt.Sprintf("steal=%s others=%s load=%s spin_p99/median=%.2f spin_change=%.1f%% timer_late_p99=%.0fus", share(n.Steal),
		share(n.Others), number(n.Load),
		estimate.Middle(tails), (slices.Max(spin)-slices.Min(spin))/estimate.Middle(spin)*100, estimate.Middle(late)/1e3)
	if len(n.Reasons) == 0 {
		return text + " quiet"
	}
	return text + " NOISY: " + strings.Join(n.Reasons, "; ")
}

func share(x float64) string {
	if x < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.2f%%", x*100)
}

func number(x float64) string {
	if x < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.2f", x)
}

// NewLook makes a look of what bench/noise.c has reported.
func NewLook(records []record.Record) (Look, error) {
	var l Look
	for _, r := range records {
		switch {
		case r.Line != nil && r.Line.Name == "spin":
			l.Spin = r.Line.Own
		case r.Line != nil && r.Line.Name == "timer":
			l.Timer = r.Line.Own
		}
	}
	if l.Spin == nil || l.Timer == nil || l.Spin.Median <= 0 {
		return Look{}, fmt.Errorf("the look at the machine is not whole: %d records", len(records))
	}
	return l, nil
}

// Load is the kernel's average of a minute, or -1.
func Load() float64 {
	word, _, _ := strings.Cut(first("/proc/loadavg"), " ")
	load, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return -1
	}
	return load
}
