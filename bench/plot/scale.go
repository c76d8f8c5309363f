// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A scale places values between two edges of the picture.
type scale struct {
	axis      Axis
	low, high float64 // values at the edges
	from, to  float64 // places
}

// newScale takes in all values. A linear axis of sizes begins at 0, so that twice as much looks like it; not one of shares
// that are all high, where what is missing from the whole is looked for.
func newScale(axis Axis, values []float64, from, to float64, sizes bool) scale {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !finite(v) })
	if len(values) == 0 {
		values = []float64{0, 1}
	}
	s := scale{axis: axis, low: slices.Min(values), high: slices.Max(values), from: from, to: to}
	s.axis.Log = axis.Log && s.low > 0
	switch {
	case s.axis.Log:
		margin := math.Pow(s.high/s.low, 0.04)
		if s.high == s.low {
			margin = 2
		}
		s.low, s.high = s.low/margin, s.high*margin
		return s
	case s.low == s.high:
		s.low, s.high = s.low-math.Abs(s.low)/2, s.high+math.Abs(s.high)/2
		if s.low == s.high {
			s.low, s.high = -1, 1
		}
	}
	if sizes {
		if s.low > 0 && (axis.Unit != "%" || s.low < 50) {
			s.low = 0
		}
		margin := (s.high - s.low) * 0.06
		s.high += margin
		if s.low != 0 {
			s.low -= margin
		}
	}
	return s
}

// stretch lets the scale grow to take in more values: a linear one to twice its size, a logarithmic one by a decade each way.
func (s *scale) stretch(values []float64) {
	low, high := s.low-(s.high-s.low)/2, s.high+(s.high-s.low)
	if s.axis.Log {
		low, high = s.low/10, s.high*10
	} else if s.low == 0 {
		low = 0
	}
	for _, v := range values {
		if !finite(v) {
			continue
		}
		if v < s.low {
			s.low = max(v, low)
		}
		if v > s.high {
			s.high = min(v, high)
		}
	}
}

// at is the place of a value; what lies outside is at the edge.
func (s *scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.axis.Log {
		if v <= 0 {
			return s.from
		}
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	if !finite(v) {
		return s.from
	}
	share := min(max((v-low)/(high-low), 0), 1)
	return s.from + share*(s.to-s.from)
}

func (s *scale) ticks() []float64 {
	if !s.axis.Log {
		return s.linearTicks()
	}
	decades := math.Log10(s.high / s.low)
	steps := []float64{1}
	if decades < 1.5 {
		steps = []float64{1, 2, 3, 5, 7}
	} else if decades < 4 {
		steps = []float64{1, 2, 5}
	}
	every := int(math.Ceil(decades / 8))
	var all []float64
	for e := int(math.Floor(math.Log10(s.low))); e <= int(math.Ceil(math.Log10(s.high))); e++ {
		if len(steps) == 1 && every > 1 && e%every != 0 {
			continue
		}
		for _, step := range steps {
			if v := step * math.Pow(10, float64(e)); v >= s.low && v <= s.high {
				all = append(all, v)
			}
		}
	}
	if len(all) < 2 { // less than from one step to the next
		return s.linearTicks()
	}
	return all
}

// linearTicks are four to eight, at 1, 2 or 5 times a power of ten.
func (s *scale) linearTicks() []float64 {
	const most = 7
	step := math.Pow(10, math.Floor(math.Log10((s.high-s.low)/most)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (s.high-s.low)/(step*factor) <= most {
			step *= factor
			break
		}
	}
	var all []float64
	for k := math.Ceil(s.low / step); k*step <= s.high+step/1e6 && len(all) < 20; k++ {
		all = append(all, k*step+0) // not -0
	}
	return all
}

var nanoseconds = []struct {
	size float64
	unit string
}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1, "ns"}}

// label is a value in as few characters as possible.
func (s *scale) label(v float64) string {
	digits := s.digits()
	if s.axis.Unit == "ns" {
		return inTime(v, digits)
	}
	if s.axis.Unit == "%" {
		return short(v, digits) + " %"
	}
	// Up to ten thousand a number is as short as it is.
	for _, prefix := range []struct {
		from, size float64
		letter     string
	}{{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}} {
		if math.Abs(v) >= prefix.from*(1-1e-9) {
			return short(v/prefix.size, digits) + prefix.letter
		}
	}
	return short(v, digits)
}

// digits are as many as tell ticks apart that are near to each other and far from 0.
func (s *scale) digits() int {
	far := max(math.Abs(s.low), math.Abs(s.high)) / (s.high - s.low)
	return max(significant, int(math.Ceil(math.Log10(far)))+2)
}

const significant = 3

// Time is nanoseconds in the unit that keeps the number short.
func Time(ns float64) string { return inTime(ns, significant) }

func inTime(ns float64, digits int) string {
	for _, n := range nanoseconds {
		if math.Abs(ns) >= n.size*(1-1e-9) {
			return short(ns/n.size, digits) + " " + n.unit
		}
	}
	return short(ns, digits) + " ns"
}

// short writes a number without an exponent where it is of ordinary size.
func short(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'g', digits, 64)
	if size := math.Abs(v); strings.Contains(text, "e") && size >= 1e-3 && size < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return text
}

// title is what stands along the axis, with the unit where the ticks do not have it.
func (s *scale) title() string {
	switch {
	case s.axis.Unit == "" || s.axis.Unit == "ns" || s.axis.Unit == "%":
		return s.axis.Label
	case s.axis.Label == "":
		return s.axis.Unit
	}
	return s.axis.Label + ", " + s.axis.Unit
}
