// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Above these a machine is usable and not good; what is usual is in README.md.
const (
	muchOvershoot = 200 * time.Microsecond
	muchCost      = 100 * time.Microsecond
)

func pause(m *Machine) []Finding {
	p := m.Pause
	switch {
	case p.Skipped:
		return nil
	case p.Problem != "":
		return fail("a busy program could not be run in slices: "+p.Problem, "")
	case p.Pauses == 0:
		return fail(fmt.Sprintf("a busy program was not paused once in slices of %v", p.Slice), "try INGER_CLOCK=timer and =timekeeper")
	}
	says := fmt.Sprintf("%d pauses in slices of %s: overshoot median %s, p99 %s", p.Pauses, micros(p.Slice), micros(p.Overshoot), micros(p.P99))
	if p.CostKnown {
		says += ", a pause with its resumption costs " + micros(p.Cost)
	}
	if p.BiasKnown {
		says += ", the timer is " + micros(p.Bias) + " late, which is subtracted; slices shorter than " + micros(2*p.Bias) + " grow to that"
	}
	switch {
	case p.Overshoot > muchOvershoot:
		return warn(says, "compare INGER_CLOCK=timer with =timekeeper; other work on the machine, or its host, delays timers")
	case p.CostKnown && p.Cost > muchCost:
		return warn(says, "use slices of a millisecond or more")
	}
	return ok(says)
}

func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Microsecond), 'f', 1, 64) + " us"
}

// ParseStats reads the line that a run with --stats prints, wherever in output it is, into the measurement.
func (p *Measurement) ParseStats(output string) bool {
	_, line, found := strings.Cut(output, "libinger: pauses=")
	if !found {
		return false
	}
	line, _, _ = strings.Cut("pauses="+line, "\n")
	group, complete := "", 0
	for _, word := range strings.Fields(line) {
		name, value, isValue := strings.Cut(word, "=")
		if !isValue {
			group = word
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil || number < 0 {
			return false
		}
		us := time.Duration(number * float64(time.Microsecond))
		switch {
		case name == "pauses":
			p.Pauses = uint64(number)
			complete++
		case name == "bias_us":
			p.Bias, p.BiasKnown = us, true
		case group == "slice_us" && name == "median":
			p.Median = us
			complete++
		case group == "overshoot_us" && name == "median":
			p.Overshoot = us
			complete++
		case group == "overshoot_us" && name == "p99":
			p.P99 = us
			complete++
		}
	}
	return complete == 4
}
