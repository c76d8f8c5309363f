// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func line(name string, of func(x float64) float64, spread float64, xs ...float64) Series {
	s := Series{Name: name}
	for _, x := range xs {
		y := of(x)
		s.Points = append(s.Points, Point{x, y, y / spread, y * spread})
	}
	return s
}

func charts() map[string]*Chart {
	powers := []float64{1, 10, 100, 1000, 10000}
	quanta := []float64{10, 20, 50, 100, 1000, 10000}
	return map[string]*Chart{
		"logarithmic axes with bands": {
			Title: "A resume() against paused functions", X: Axis{Label: "paused functions", Log: true},
			Y: Axis{Label: "time", Unit: "ns", Log: true},
			Series: []Series{
				line("libinger", func(x float64) float64 { return 60 + 80*math.Log(x) }, 1.4, powers...),
				line("swapcontext", func(x float64) float64 { return 300 + 100*math.Log(x) }, 1.2, powers...),
			},
			Notes: []string{"Line: median. Band: p1 to p99."},
		},
		"linear y axis of shares": {
			Title: "Throughput against the quantum", X: Axis{Label: "quantum, µs", Log: true}, Y: Axis{Label: "percent", Unit: "%"},
			Series: []Series{
				line("timer", func(x float64) float64 { return 100 - 100/x }, 1.01, quanta...),
				line("timekeeper", func(x float64) float64 { return 100 - 150/x }, 1.02, quanta...),
				line("an empty handler, timer", func(x float64) float64 { return 100 - 90/x }, 1.01, quanta...),
				line("an empty handler, timekeeper with a name that needs a second row", func(x float64) float64 { return 100 - 130/x }, 1.01, quanta...),
			},
		},
		"a histogram": {
			Title: "Lateness", X: Axis{Label: "time", Unit: "ns"}, Y: Axis{Label: "share of samples", Unit: "%"}, Steps: true,
			Series: []Series{line("late", func(x float64) float64 { return 30 / (1 + x*x/1e6) }, 1, -1000, 0, 1000, 2000, 3000)},
			Notes:  []string{"median 200 ns, p99 9 µs", strings.Repeat("words that are to be wrapped ", 8)},
		},
		"more series than colours": {Series: func() []Series {
			var all []Series
			for i := range len(colours) + 3 {
				all = append(all, line(strings.Repeat("s", i+1), func(x float64) float64 { return x * float64(i+1) }, 1.2, 1, 2, 3))
			}
			return all
		}()},
		"one point":          {Title: "one", Series: []Series{line("a", math.Sqrt, 1, 4)}},
		"no points":          {Title: "none", Series: []Series{{Name: "a"}}},
		"no series":          {Title: "nothing", X: Axis{Log: true}, Y: Axis{Log: true}},
		"only zeros":         {Series: []Series{line("zero", func(float64) float64 { return 0 }, 1, 1, 2, 3)}, Y: Axis{Log: true}},
		"not to be drawn":    {Series: []Series{line("nan", func(float64) float64 { return math.NaN() }, 1, 1, math.Inf(1))}},
		"characters of XML":  {Title: `<a & "b">`, Series: []Series{line("]]> \x00 </text>", math.Sqrt, 2, 1, 4)}},
		"a tail far outside": {Series: []Series{{Name: "a", Points: []Point{{1, 10, 9, 1e6}, {2, 11, 10, 12}}}}},
	}
}

// Each must be XML, and lie within its frame. With PLOT_TEST_FOLDER they are written there, to be looked at.
func TestPicturesAreXMLWithNumbers(t *testing.T) {
	for name, c := range charts() {
		t.Run(name, func(t *testing.T) {
			text := c.SVG()
			elements := map[string]int{}
			decoder := xml.NewDecoder(bytes.NewReader(text))
			for {
				token, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("not XML: %v\n%s", err, text)
				}
				if start, ok := token.(xml.StartElement); ok {
					elements[start.Name.Local]++
				}
			}
			if elements["svg"] != 1 || elements["style"] != 1 {
				t.Errorf("elements = %v", elements)
			}
			for _, bad := range []string{"NaN", "Inf", "\x00"} {
				if bytes.Contains(text, []byte(bad)) {
					t.Errorf("has %q:\n%s", bad, text)
				}
			}
			if folder := os.Getenv("PLOT_TEST_FOLDER"); folder != "" {
				file := filepath.Join(folder, strings.ReplaceAll(name, " ", "_")+".svg")
				if err := os.WriteFile(file, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEverySeriesIsNamedAndDrawn(t *testing.T) {
	c := charts()["linear y axis of shares"]
	text := string(c.SVG())
	for i, s := range c.Series {
		if !strings.Contains(text, ">"+s.Name+"</text>") {
			t.Errorf("no %q in the legend", s.Name)
		}
		if n := strings.Count(text, `fill="none" stroke="`+colours[i]+`"`); n != 1 {
			t.Errorf("series %d has %d lines", i, n)
		}
	}
	if n := strings.Count(text, "fill-opacity"); n != len(c.Series) {
		t.Errorf("%d bands", n)
	}
}

func TestSeriesOfOneColourAreToldApart(t *testing.T) {
	c := charts()["more series than colours"]
	text := string(c.SVG())
	if n := strings.Count(text, "stroke-dasharray"); n != 2*3 { // the line and its place in the legend
		t.Errorf("%d dashed lines", n)
	}
}

func TestTicks(t *testing.T) {
	tests := map[string]struct {
		axis   Axis
		values []float64
		sizes  bool
		want   []string
	}{
		"decades":                    {Axis{Log: true}, []float64{1, 10000}, false, []string{"1", "10", "100", "1000", "10k"}},
		"within a decade":            {Axis{Log: true}, []float64{2, 8}, false, []string{"2", "3", "5", "7"}},
		"times":                      {Axis{Log: true, Unit: "ns"}, []float64{90, 2e9}, false, []string{"100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"}},
		"sizes begin at 0":           {Axis{}, []float64{40, 100}, true, []string{"0", "20", "40", "60", "80", "100"}},
		"not positive: linear":       {Axis{Log: true}, []float64{0, 10}, false, []string{"0", "2", "4", "6", "8", "10"}},
		"around 0":                   {Axis{Unit: "ns"}, []float64{-1000, 1000}, false, []string{"-1 µs", "-500 ns", "0 ns", "500 ns", "1 µs"}},
		"a single value":             {Axis{}, []float64{8}, true, []string{"0", "2", "4", "6", "8", "10", "12"}},
		"high shares":                {Axis{Unit: "%"}, []float64{90, 100}, true, []string{"90 %", "92 %", "94 %", "96 %", "98 %", "100 %"}},
		"shares":                     {Axis{Unit: "%"}, []float64{0, 100}, false, []string{"0 %", "20 %", "40 %", "60 %", "80 %", "100 %"}},
		"too near for a logarithmic": {Axis{Log: true}, []float64{101, 104}, false, []string{"101", "101.5", "102", "102.5", "103", "103.5", "104"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScale(tc.axis, tc.values, 0, 100, tc.sizes)
			var got []string
			for _, tick := range s.ticks() {
				got = append(got, s.label(tick))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("ticks of %g to %g = %q, want %q", s.low, s.high, got, tc.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	s := scale{axis: Axis{Log: true}, low: 1, high: 100, from: 0, to: 200}
	for value, want := range map[float64]float64{1: 0, 10: 100, 100: 200, 1000: 200, 0: 0, -5: 0} {
		if got := s.at(value); math.Abs(got-want) > 1e-9 {
			t.Errorf("at(%g) = %g, want %g", value, got, want)
		}
	}
	linear := scale{low: -10, high: 10, from: 300, to: 100}
	for value, want := range map[float64]float64{-10: 300, 0: 200, 10: 100, 99: 100} {
		if got := linear.at(value); math.Abs(got-want) > 1e-9 {
			t.Errorf("linear at(%g) = %g, want %g", value, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	for ns, want := range map[float64]string{0: "0 ns", 0.25: "0.25 ns", 23.14: "23.1 ns", 999.6: "1000 ns", 1000: "1 µs", -2500: "-2.5 µs",
		1.5e6: "1.5 ms", 3e9: "3 s"} {
		if got := Time(ns); got != want {
			t.Errorf("Time(%g) = %q, want %q", ns, got, want)
		}
	}
}
