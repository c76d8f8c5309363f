// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strconv"

	"libinger/bench/estimate"
	"libinger/bench/plot"
)

// quantity is a number with its unit, in three significant digits.
func quantity(value float64, unit string) string {
	if unit == "ns" {
		return plot.Time(value)
	}
	text := digits(value)
	switch unit {
	case "", "x", "%", "/s":
		return text + unit
	}
	return text + " " + unit
}

// digits rounds to three significant digits, and writes a thousand as 1000.
func digits(value float64) string {
	size := math.Abs(value)
	if size >= 1e3 && size < 1e9 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

// interval is "low to high".
func interval(e estimate.Estimate, unit string) string {
	return quantity(e.Low, unit) + " to " + quantity(e.High, unit)
}

// plusMinus is half of the interval as a share of the figure; of a figure around 0 it is an amount.
func plusMinus(e estimate.Estimate, unit string) string {
	half := e.Half()
	if size := math.Abs(e.Value); half < size {
		return fmt.Sprintf("±%s %%", strconv.FormatFloat(half/size*100, 'g', 2, 64))
	}
	return "±" + quantity(half, unit)
}
