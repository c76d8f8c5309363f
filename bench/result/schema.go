// SPDX-License-Identifier: Apache-2.0

// Package result is the file that a run of the benchmarks leaves: results.json.
package result

import (
	"time"

	"libinger/bench/estimate"
	"libinger/bench/machine"
	"libinger/bench/record"
)

// Schema is the version of the file. It grows when a member changes its meaning or goes; new members do not change it.
const Schema = 1

// Disagreement is from what share of the figure on the distance of the rounds makes a case noisy.
const Disagreement = 0.10

// A File is everything that is known of a run. docs/performance.md describes it for readers of the JSON.
type File struct {
	Schema     int             `json:"schema"`
	Started    time.Time       `json:"started"`
	Seconds    float64         `json:"seconds"`
	Library    Library         `json:"library"`
	Machine    machine.Machine `json:"machine"`
	Noise      machine.Noise   `json:"noise"`
	Settings   Settings        `json:"settings"`
	Groups     []Group         `json:"groups"`
	Cases      []Case          `json:"cases"`
	Curves     []Curve         `json:"curves"`
	Histograms []Histogram     `json:"histograms"`
}

// Library is what was measured.
type Library struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of git; empty outside a work tree
	Modified bool   `json:"modified"` // the work tree differs from it
}

// Settings are how it was measured.
type Settings struct {
	Quick      bool     `json:"quick"`
	Rounds     int      `json:"rounds"` // as many as were asked for; a case says how many it has
	Seed       uint64   `json:"seed"`
	Confidence float64  `json:"confidence"`
	Method     string   `json:"method"`
	Ignored    []string `json:"ignored"` // variables of the environment that were taken out of it
}

// A Group is a process of cases.
type Group struct {
	Name     string    `json:"name"`
	Clock    string    `json:"clock"`    // INGER_CLOCK; auto: the library chooses
	Seconds  []float64 `json:"seconds"`  // of each round
	Problems []string  `json:"problems"` // of rounds that could not be measured
}

// A Spread is a set of figures with how far they go: the medians over rounds of each round's percentiles.
type Spread struct {
	estimate.Estimate
	P1     float64 `json:"p1"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p99.9"`
	Max    float64 `json:"max"`    // of all rounds
	Rounds float64 `json:"spread"` // distance of the rounds' medians, as a share of the figure
}

// Noisy says that the rounds disagree, so that the figure means little.
func (s *Spread) Noisy() bool { return s.Rounds > Disagreement }

// A Case is a figure with its base.
type Case struct {
	Group   string             `json:"group"`
	Clock   string             `json:"clock"`
	Name    string             `json:"name"`
	Unit    string             `json:"unit"`
	Figure  string             `json:"figure,omitempty"` // what own is, where there are no samples
	Batch   int                `json:"batch"`            // calls behind each sample
	Own     Spread             `json:"own"`
	Base    string             `json:"base,omitempty"`
	Other   *Spread            `json:"base_own,omitempty"`
	Ratio   *estimate.Estimate `json:"ratio,omitempty"` // of own to the base
	Figures []Figure           `json:"figures"`
	Text    string             `json:"text,omitempty"`
	Goal    *Goal              `json:"goal,omitempty"`
	Noisy   bool               `json:"noisy"` // own or base

	Rounds      []*record.Samples `json:"rounds"`
	OtherRounds []*record.Samples `json:"base_rounds,omitempty"`
}

// Key tells cases apart, within a file and between two.
func (c *Case) Key() string { return c.Group + "/" + c.Clock + "/" + c.Name + "/" + c.Base }

// A Figure is one more number of a case.
type Figure struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	estimate.Estimate
}

// A Goal is judged in each round.
type Goal struct {
	Text      string `json:"text"`
	Reached   bool   `json:"reached"`    // in more than half of the rounds
	ReachedIn int    `json:"reached_in"` // rounds
	JudgedIn  int    `json:"judged_in"`
}

// A Curve is one picture.
type Curve struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Parameter string   `json:"parameter"`
	Unit      string   `json:"unit"`
	LogX      bool     `json:"log_x"`
	LogY      bool     `json:"log_y"`
	Series    []Series `json:"series"`
}

// A Series is a line in it.
type Series struct {
	Name   string  `json:"name"`
	Points []Point `json:"points"` // x ascends
}

// A Point has the interval of its median, and percentiles when it has samples.
type Point struct {
	X       float64   `json:"x"`
	N       int       `json:"n"`       // samples in all rounds; as many as rounds for a single value
	Medians []float64 `json:"medians"` // of each round
	estimate.Estimate
	P1  float64 `json:"p1"`
	P99 float64 `json:"p99"`
}

// A Histogram is a picture of distributions.
type Histogram struct {
	Name   string         `json:"name"`
	Title  string         `json:"title"`
	Unit   string         `json:"unit"`
	Series []Distribution `json:"series"`
}

// A Distribution is a series of a histogram; the rounds' samples have equal weight.
type Distribution struct {
	Name   string            `json:"name"`
	Rounds []*record.Samples `json:"rounds"`
}
