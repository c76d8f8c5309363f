// SPDX-License-Identifier: Apache-2.0

package estimate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"libinger/bench/record"
)

// sampled makes a round of sorted values; the median is the nearest rank, as in the harness.
func sampled(values ...float64) *record.Samples {
	slices.Sort(values)
	n := len(values)
	rank := func(q float64) float64 { return values[max(0, int(math.Ceil(q*float64(n)))-1)] }
	return &record.Samples{N: n, Min: values[0], P1: rank(0.01), Median: rank(0.5), P99: rank(0.99), P999: rank(0.999), Max: values[n-1],
		Quantiles: values}
}

func singles(values ...float64) []*record.Samples {
	var rounds []*record.Samples
	for _, v := range values {
		rounds = append(rounds, record.Single(v))
	}
	return rounds
}

func TestEqualRoundsHaveNoInterval(t *testing.T) {
	e := Median(singles(8, 8, 8), 1, "equal")
	if e != (Estimate{8, 8, 8}) {
		t.Errorf("%+v", e)
	}
	if s := Spread(singles(8, 8, 8)); s != 0 {
		t.Errorf("spread %g", s)
	}
}

func TestTheIntervalCoversEveryOfFewRounds(t *testing.T) {
	for _, rounds := range [][]float64{{10, 12}, {10, 11, 15}, {10, 11, 12, 13, 20}, {-3, 0, 2}} {
		e := Median(singles(rounds...), 1, "few")
		if e.Value != Middle(rounds) || e.Low > slices.Min(rounds) || e.High < slices.Max(rounds) {
			t.Errorf("rounds %v: %+v", rounds, e)
		}
	}
}

func TestFewerRoundsMakeItWider(t *testing.T) {
	two := Median(singles(10, 11), 1, "two")
	five := Median(singles(10, 10.2, 10.5, 10.8, 11), 1, "five")
	if two.Half() <= five.Half() {
		t.Errorf("half of two rounds %g, of five %g", two.Half(), five.Half())
	}
	if far := Median(singles(10, 30), 1, "far"); far.Low != 0 {
		t.Errorf("the interval of a time reaches %g", far.Low)
	}
}

func TestFactor(t *testing.T) {
	// Student's t at 0.975 by the tables: 12.706, 4.303, 2.776.
	for n, want := range map[int]float64{2: 12.706 / 1.95996 * math.Sqrt2, 3: 4.303 / 1.95996 * math.Sqrt(1.5), 5: 2.776 / 1.95996 * math.Sqrt(1.25)} {
		if got := factor(n); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("factor(%d) = %g, want %g", n, got, want)
		}
	}
}

func TestSameSeedSameInterval(t *testing.T) {
	rounds := []*record.Samples{sampled(1, 2, 3, 4, 5), sampled(2, 3, 4, 5, 6), sampled(1, 3, 5, 7, 9)}
	a, b := Median(rounds, 7, "x"), Median(rounds, 7, "x")
	if a != b {
		t.Errorf("%+v, then %+v", a, b)
	}
}

// The interval must hold the true median about as often as it says. Rounds differ by a standard deviation of 3 %, samples
// within by 10 %; the worst is a normal distribution of round effects with few rounds. Known data: a fixed seed.
func TestCoverage(t *testing.T) {
	const trials, samples, truth = 100, 50, 100.0
	for _, rounds := range []int{3, 5, 9} {
		r := rand.New(rand.NewPCG(1, uint64(rounds)))
		held := 0
		for range trials {
			var all []*record.Samples
			for range rounds {
				centre := truth + 3*r.NormFloat64()
				values := make([]float64, samples)
				for i := range values {
					values[i] = centre + 10*r.NormFloat64()
				}
				all = append(all, sampled(values...))
			}
			if e := Median(all, 1, "coverage"); e.Low <= truth && truth <= e.High {
				held++
			}
		}
		if share := float64(held) / trials; share < 0.9 {
			t.Errorf("%d rounds: the interval holds the true median in %.1f %% of the trials", rounds, share*100)
		}
	}
}

// Within one round there is the usual bootstrap: of 100 normal samples the median's standard error is 1.2533 / 10.
func TestTheMedianOfOneRound(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	values := make([]float64, 100)
	for i := range values {
		values[i] = 50 + r.NormFloat64()
	}
	e := Median([]*record.Samples{sampled(values...)}, 1, "one")
	want := 2 * 1.96 * 1.2533 / 10
	if width := e.High - e.Low; width < want/2 || width > want*2 {
		t.Errorf("width %g, expected about %g", width, want)
	}
}

func TestRatioIsTakenRoundByRound(t *testing.T) {
	// The second round is twice as slow for both.
	e, ok := Ratio(singles(10, 20, 10.1), singles(100, 200, 101), 1, "ratio")
	if !ok || math.Abs(e.Value-0.1) > 1e-12 || e.Half() > 1e-9 {
		t.Errorf("%+v, %v", e, ok)
	}
	if _, ok := Ratio(singles(1), singles(0), 1, "zero"); ok {
		t.Error("a ratio to 0")
	}
	// A base whose median may be 0.
	near := []*record.Samples{sampled(0, 0, 1, 1, 1)}
	for _, own := range []float64{1, -1} {
		if e, ok := Ratio(singles(own), near, 1, "near zero"); ok {
			t.Errorf("a ratio to what may be 0: %+v", e)
		}
	}
}

func TestSpread(t *testing.T) {
	if s := Spread(singles(100, 110, 120)); math.Abs(s-20.0/110) > 1e-12 {
		t.Errorf("spread %g", s)
	}
	// Around 0 the quartiles are the measure: rounds at -1 and 1 among samples that go from -50 to 50 agree.
	wide := func(centre float64) *record.Samples {
		return sampled(centre-50, centre-25, centre, centre+25, centre+50)
	}
	if s := Spread([]*record.Samples{wide(-1), wide(1)}); s > 0.1 {
		t.Errorf("spread around 0: %g", s)
	}
	if s := Spread(singles(0, 0, 4096)); s != 1 {
		t.Errorf("spread of what is 0 in two rounds of three: %g", s)
	}
}

func TestOverlaps(t *testing.T) {
	a := Estimate{10, 9, 11}
	for _, tc := range []struct {
		other Estimate
		want  bool
	}{{Estimate{12, 11, 13}, true}, {Estimate{13, 12, 14}, false}, {Estimate{5, 4, 20}, true}, {Estimate{8, 7, 8.9}, false}} {
		if a.Overlaps(tc.other) != tc.want || tc.other.Overlaps(a) != tc.want {
			t.Errorf("%+v overlaps %+v: want %v", a, tc.other, tc.want)
		}
	}
}
