// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"libinger/bench/plot"
	"libinger/bench/record"
	"libinger/bench/result"
)

// Pictures are the names of a result's curves and histograms.
func Pictures(f *result.File) []string {
	var all []string
	for _, c := range f.Curves {
		all = append(all, c.Name)
	}
	for _, h := range f.Histograms {
		if !slices.Contains(all, h.Name) {
			all = append(all, h.Name)
		}
	}
	return all
}

// Write writes results.md, results.txt and the pictures into a folder.
func Write(f *result.File, folder string) error {
	if err := WritePictures(f, folder, Pictures(f)); err != nil {
		return err
	}
	lines, err := Benchfmt(f)
	if err != nil {
		return err
	}
	if err := result.Replace(filepath.Join(folder, "results.txt"), lines); err != nil {
		return err
	}
	return result.Replace(filepath.Join(folder, "results.md"), []byte(Markdown(f)))
}

// fileName is what a picture may be called: names come from a result file.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// WritePictures writes those that are named as NAME.svg.
func WritePictures(f *result.File, folder string, names []string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if !fileName.MatchString(name) {
			return fmt.Errorf("picture %q: not the name of a file", name)
		}
		chart, found := chartOf(f, name)
		if !found {
			return fmt.Errorf("picture %s: not in this result", name)
		}
		if err := result.Replace(filepath.Join(folder, name+".svg"), chart.SVG()); err != nil {
			return err
		}
	}
	return nil
}

func chartOf(f *result.File, name string) (*plot.Chart, bool) {
	for i := range f.Curves {
		if f.Curves[i].Name == name {
			return curveChart(&f.Curves[i]), true
		}
	}
	for i := range f.Histograms {
		if f.Histograms[i].Name == name {
			return histogramChart(&f.Histograms[i]), true
		}
	}
	return nil, false
}

func curveChart(c *result.Curve) *plot.Chart {
	chart := &plot.Chart{Title: c.Title, X: plot.Axis{Label: c.Parameter, Log: c.LogX}, Y: axis(c.Unit)}
	chart.Y.Log = c.LogY
	bands := false
	for _, s := range c.Series {
		series := plot.Series{Name: s.Name}
		for _, p := range s.Points {
			series.Points = append(series.Points, plot.Point{X: p.X, Y: p.Value, Low: min(p.P1, p.Value), High: max(p.P99, p.Value)})
			bands = bands || p.P99 > p.P1
		}
		chart.Series = append(chart.Series, series)
	}
	if bands {
		chart.Notes = []string{"Line: median. Band: p1 to p99; it may leave the picture."}
	}
	return chart
}

func axis(unit string) plot.Axis {
	switch unit {
	case "ns":
		return plot.Axis{Label: "time", Unit: unit}
	case "%":
		return plot.Axis{Label: "percent", Unit: unit}
	}
	return plot.Axis{Unit: unit}
}

const (
	bars = 60
	// tail is left out at each end, and what is further from the quartiles than reach times their distance: what the picture
	// is about would not be seen beside a single value far away.
	tail  = 0.005
	reach = 8
	// wide is from what factor between the ends on the bars grow with x.
	wide = 30
)

func histogramChart(h *result.Histogram) *plot.Chart {
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range h.Series {
		l, u := shown(pooled(d.Rounds))
		low, high = min(low, l), max(high, u)
	}
	if !(low < high) {
		low, high = low-1, high+1
	}
	chart := &plot.Chart{Title: h.Title, X: axis(h.Unit), Y: plot.Axis{Label: "share of samples", Unit: "%"}, Steps: true}
	chart.X.Log = low > 0 && high/low > wide
	place := func(v float64) float64 { return (v - low) / (high - low) * bars }
	edge := func(i int) float64 { return low + (high-low)*float64(i)/bars }
	if chart.X.Log {
		place = func(v float64) float64 { return math.Log(v/low) / math.Log(high/low) * bars }
		edge = func(i int) float64 { return low * math.Pow(high/low, float64(i)/bars) }
	}
	for _, d := range h.Series {
		all := pooled(d.Rounds)
		series := plot.Series{Name: d.Name, Points: make([]plot.Point, bars+1)}
		beyond := 0.0
		for _, q := range all {
			if q.value < low || q.value > high {
				beyond += q.share
				continue
			}
			series.Points[min(int(place(q.value)), bars-1)].Y += q.share * 100
		}
		series.Points[bars].Y = series.Points[bars-1].Y
		for i := range series.Points {
			p := &series.Points[i]
			p.X, p.Low, p.High = edge(i), p.Y, p.Y
		}
		chart.Series = append(chart.Series, series)
		most := math.Inf(-1)
		for _, r := range d.Rounds {
			most = max(most, r.Max)
		}
		chart.Notes = append(chart.Notes, fmt.Sprintf("%s: median %s, p99 %s, max %s; %.1f %% outside", d.Name,
			quantity(weighted(all, 0.5), h.Unit), quantity(weighted(all, 0.99), h.Unit), quantity(most, h.Unit), beyond*100))
	}
	return chart
}

// shown is the part of a distribution that a picture has.
func shown(all []sharedValue) (low, high float64) {
	first, third := weighted(all, 0.25), weighted(all, 0.75)
	distance := third - first
	if distance == 0 {
		return weighted(all, tail), weighted(all, 1-tail)
	}
	return max(weighted(all, tail), first-reach*distance), min(weighted(all, 1-tail), third+reach*distance)
}

type sharedValue struct{ value, share float64 }

// pooled is the samples of all rounds in order, each round with the same weight.
func pooled(rounds []*record.Samples) []sharedValue {
	var all []sharedValue
	for _, r := range rounds {
		for _, q := range r.Quantiles {
			all = append(all, sharedValue{q, 1 / float64(len(r.Quantiles)*len(rounds))})
		}
	}
	slices.SortFunc(all, func(a, b sharedValue) int { return cmp.Compare(a.value, b.value) })
	return all
}

// weighted is the value below which a share q lies.
func weighted(all []sharedValue, q float64) float64 {
	sum := 0.0
	for _, v := range all {
		if sum += v.share; sum >= q-1e-12 {
			return v.value
		}
	}
	return all[len(all)-1].value
}
