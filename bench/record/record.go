// SPDX-License-Identifier: Apache-2.0

// Package record reads what the cases report: a JSON object a line, as bench/record.c writes it.
package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrDamaged is returned when a line is no record, or one that contradicts itself. What came before it is good.
var ErrDamaged = errors.New("damaged record")

const (
	// lineBytes is far beyond any record: two lists of quantiles make four kilobytes.
	lineBytes = 1 << 20
	// mostQuantiles is beyond RECORD_QUANTILES in bench/record.h.
	mostQuantiles = 10000
)

// Samples is a set of measurements in ascending order, thinned: quantiles in the middle of equal shares.
type Samples struct {
	N         int       `json:"n"`
	Min       float64   `json:"min"`
	P1        float64   `json:"p1"`
	Median    float64   `json:"median"`
	P99       float64   `json:"p99"`
	P999      float64   `json:"p99.9"`
	Max       float64   `json:"max"`
	Quantiles []float64 `json:"quantiles"`
}

// Single is a figure of which there are no samples.
func Single(value float64) *Samples {
	return &Samples{N: 1, Min: value, P1: value, Median: value, P99: value, P999: value, Max: value, Quantiles: []float64{value}}
}

// A Figure is one more number of a line.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// A Line is a case with its base.
type Line struct {
	Name    string
	Count   int
	Batch   int
	Unit    string
	Own     *Samples // never nil
	Figure  string   // the name of the figure that Own is, when it is one of those; empty when there are samples
	Base    string   // empty: none
	Samples *Samples // of the base; nil when there is none
	Figures []Figure
	Text    string
	Goal    string
	Reached *bool // nil: no goal
}

// A Point is one of a curve's.
type Point struct {
	Curve, Title, Parameter, Unit, Series string
	LogX, LogY                            bool
	X                                     float64
	Own                                   *Samples
}

// A Histogram is one series of a picture of distributions.
type Histogram struct {
	Name, Title, Unit, Series string
	Own                       *Samples
}

// A Record is one of the three.
type Record struct {
	Line      *Line
	Point     *Point
	Histogram *Histogram
}

// wire has every member of any record. Numbers are pointers: what is absent or null is not 0.
type wire struct {
	Line        string       `json:"line"`
	Curve       string       `json:"curve"`
	Histogram   string       `json:"histogram"`
	Count       int          `json:"count"`
	Batch       int          `json:"batch"`
	Unit        string       `json:"unit"`
	Own         *wireSamples `json:"own"`
	Value       *float64     `json:"value"`
	Base        string       `json:"base"`
	BaseSamples *wireSamples `json:"base_samples"`
	BaseValue   *float64     `json:"base_value"`
	Figures     []wireFigure `json:"figures"`
	Text        string       `json:"text"`
	Goal        string       `json:"goal"`
	Reached     *bool        `json:"reached"`
	Title       string       `json:"title"`
	Series      string       `json:"series"`
	Parameter   string       `json:"parameter"`
	LogX        bool         `json:"log_x"`
	LogY        bool         `json:"log_y"`
	X           *float64     `json:"x"`
}

type wireFigure struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value"`
	Unit  string   `json:"unit"`
}

type wireSamples struct {
	N         int        `json:"n"`
	Min       *float64   `json:"min"`
	P1        *float64   `json:"p1"`
	Median    *float64   `json:"median"`
	P99       *float64   `json:"p99"`
	P999      *float64   `json:"p99.9"`
	Max       *float64   `json:"max"`
	Quantiles []*float64 `json:"quantiles"`
}

// Parse reads records to the end, or to the first damaged one, which it names by its line.
func Parse(r io.Reader) ([]Record, error) {
	var records []Record
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, lineBytes)
	number := 1
	for ; lines.Scan(); number++ {
		record, err := parse(lines.Bytes())
		if err != nil {
			return records, fmt.Errorf("%w: line %d: %w", ErrDamaged, number, err)
		}
		records = append(records, record)
	}
	if err := lines.Err(); err != nil {
		return records, fmt.Errorf("%w: line %d: %w", ErrDamaged, number, err)
	}
	return records, nil
}

func parse(line []byte) (Record, error) {
	var w wire
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return Record{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Record{}, errors.New("more than one object in a line")
	}
	switch {
	case w.Line != "" && w.Curve == "" && w.Histogram == "":
		l, err := w.line()
		return Record{Line: l}, err
	case w.Curve != "" && w.Line == "" && w.Histogram == "":
		p, err := w.point()
		return Record{Point: p}, err
	case w.Histogram != "" && w.Line == "" && w.Curve == "":
		h, err := w.histogram()
		return Record{Histogram: h}, err
	}
	return Record{}, errors.New("neither a line nor a curve nor a histogram")
}

func (w *wire) line() (*Line, error) {
	l := &Line{Name: w.Line, Count: w.Count, Batch: w.Batch, Unit: w.Unit, Base: w.Base, Text: w.Text, Goal: w.Goal, Reached: w.Reached}
	if w.Count < 0 || w.Batch < 1 {
		return nil, fmt.Errorf("%s: count %d, batch %d", w.Line, w.Count, w.Batch)
	}
	if (w.Goal == "") != (w.Reached == nil) {
		return nil, fmt.Errorf("%s: a goal and whether it is reached belong together", w.Line)
	}
	for _, f := range w.Figures {
		// A figure that is no number, such as a ratio to 0, is one that is not there.
		if f.Value != nil {
			l.Figures = append(l.Figures, Figure{f.Name, *f.Value, f.Unit})
		}
	}
	own, err := choose(w.Line, w.Own, w.Value)
	if err != nil {
		return nil, err
	}
	if l.Own = own; own == nil {
		if err := l.fromFigures(); err != nil {
			return nil, err
		}
	}
	if w.Base == "" {
		return l, nil
	}
	if l.Samples, err = choose(w.Line+": base", w.BaseSamples, w.BaseValue); err == nil && l.Samples == nil {
		err = fmt.Errorf("%s: base %s has no figure", w.Line, w.Base)
	}
	return l, err
}

// fromFigures takes a line's value out of its figures: the one named median, or else the first.
func (l *Line) fromFigures() error {
	if len(l.Figures) == 0 {
		return fmt.Errorf("%s: no figure", l.Name)
	}
	i := max(0, slices.IndexFunc(l.Figures, func(f Figure) bool { return f.Name == "median" }))
	l.Own, l.Unit = Single(l.Figures[i].Value), l.Figures[i].Unit
	if l.Figures[i].Name != "median" {
		l.Figure = l.Figures[i].Name
	}
	l.Figures = slices.Delete(l.Figures, i, i+1)
	return nil
}

func (w *wire) point() (*Point, error) {
	p := &Point{Curve: w.Curve, Title: w.Title, Parameter: w.Parameter, Unit: w.Unit, Series: w.Series, LogX: w.LogX, LogY: w.LogY}
	if w.X == nil {
		return nil, fmt.Errorf("%s: no x", w.Curve)
	}
	p.X = *w.X
	var err error
	if p.Own, err = choose(w.Curve, w.Own, w.Value); err == nil && p.Own == nil {
		err = fmt.Errorf("%s: %s at %g has no figure", w.Curve, w.Series, p.X)
	}
	return p, err
}

func (w *wire) histogram() (*Histogram, error) {
	h := &Histogram{Name: w.Histogram, Title: w.Title, Unit: w.Unit, Series: w.Series}
	var err error
	if h.Own, err = choose(w.Histogram, w.Own, nil); err == nil && h.Own == nil {
		err = fmt.Errorf("%s: no samples", w.Histogram)
	}
	return h, err
}

// choose prefers samples to a single value; nil when there is neither.
func choose(name string, s *wireSamples, value *float64) (*Samples, error) {
	if s == nil {
		if value == nil {
			return nil, nil
		}
		return Single(*value), nil
	}
	samples, err := s.check()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return samples, nil
}

func (w *wireSamples) check() (*Samples, error) {
	if w.N < 1 || len(w.Quantiles) < 1 || len(w.Quantiles) > min(w.N, mostQuantiles) {
		return nil, fmt.Errorf("%d quantiles of %d samples", len(w.Quantiles), w.N)
	}
	all := append([]*float64{w.Min, w.P1, w.Median, w.P99, w.P999, w.Max}, w.Quantiles...)
	values := make([]float64, len(all))
	for i, v := range all {
		if v == nil {
			return nil, errors.New("a sample is no number")
		}
		values[i] = *v
	}
	if !slices.IsSorted(values[:6]) || !slices.IsSorted(values[6:]) {
		return nil, errors.New("quantiles out of order")
	}
	return &Samples{w.N, values[0], values[1], values[2], values[3], values[4], values[5], values[6:]}, nil
}
