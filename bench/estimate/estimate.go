// SPDX-License-Identifier: Apache-2.0

// Package estimate makes one figure with an interval from the rounds of a measurement.
//
// A round is a process: its samples have the addresses, the caches and the minute of the day in common, so that a thousand
// of them say little about the next process. Rounds are what varies independently; there are only a few of them.
package estimate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aclements/go-moremath/stats"

	"libinger/bench/record"
)

const (
	// Confidence is that of the intervals.
	Confidence = 0.95
	resamples  = 2000
)

// Method says how figures and intervals are made, for the reader of a result.
const Method = "median over rounds of each round's median; 95 % interval: percentile bootstrap, 2000 resamples of rounds and of " +
	"the samples within each, and at least that of the rounds alone, widened for their small number R by t(R-1)/z * " +
	"sqrt(R/(R-1))"

// An Estimate is a figure and the interval that holds it.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Half is half of the interval's width, on the side where it is wider.
func (e Estimate) Half() float64 { return max(e.High-e.Value, e.Value-e.Low) }

// Overlaps says whether the intervals have a point in common: then the values differ by no more than both of them state.
func (e Estimate) Overlaps(other Estimate) bool { return e.Low <= other.High && other.Low <= e.High }

// source draws the same numbers for the same seed and name, whatever else was estimated before.
func source(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Median is the estimate of one figure. Preconditions: there is a round.
func Median(rounds []*record.Samples, seed uint64, name string) Estimate {
	r := source(seed, name)
	return estimate(medians(rounds), r, func(round int) float64 { return resampledMedian(rounds[round], r) })
}

// Ratio is the estimate of own to base: of the ratios that the rounds give, so that what slows both in a round is no part
// of it. The samples of a round are in pairs, too, but which belong together is not known here: the interval is rather too
// wide. False when a base is 0, or may be. Preconditions: as many rounds of the one as of the other.
func Ratio(own, base []*record.Samples, seed uint64, name string) (Estimate, bool) {
	r := source(seed, name+"/ratio")
	ratios := make([]float64, len(own))
	for i := range own {
		if base[i].Median == 0 {
			return Estimate{}, false
		}
		ratios[i] = own[i].Median / base[i].Median
	}
	e := estimate(ratios, r, func(round int) float64 {
		return resampledMedian(own[round], r) / resampledMedian(base[round], r)
	})
	return e, finite(e.Low) && finite(e.High)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Spread is how far the rounds are apart, as a share of the figure. Where the figure is around 0, such as a lateness, the
// distance of the quartiles within a round is the measure; where that is 0 as well, such as memory that grows in one round of
// three, they are apart by all of it.
func Spread(rounds []*record.Samples) float64 {
	m := medians(rounds)
	quartiles := make([]float64, len(rounds))
	for i, s := range rounds {
		quartiles[i] = quantile(s, 0.75) - quantile(s, 0.25)
	}
	scale := max(math.Abs(Middle(m)), Middle(quartiles))
	width := slices.Max(m) - slices.Min(m)
	switch {
	case width == 0:
		return 0
	case scale == 0:
		return 1
	}
	return width / scale
}

// Middle is the median of a few values; of an even number the mean of the two in the middle.
func Middle(values []float64) float64 {
	return middleOfSorted(slices.Sorted(slices.Values(values)))
}

func middleOfSorted(values []float64) float64 {
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func medians(rounds []*record.Samples) []float64 {
	m := make([]float64, len(rounds))
	for i, s := range rounds {
		m[i] = s.Median
	}
	return m
}

// estimate takes, at each end, the wider of two intervals. The bootstrap of rounds and samples has all the variation that was
// seen, but knows too little of that between a few rounds; what the rounds alone say is therefore widened.
func estimate(perRound []float64, r *rand.Rand, resampled func(round int) float64) Estimate {
	n := len(perRound)
	value := Middle(perRound)
	low, high := bootstrap(n, r, resampled)
	if n > 1 {
		between, upto := bootstrap(n, r, func(round int) float64 { return perRound[round] })
		between, upto = widen(value, min(between, value), max(upto, value), n)
		low, high = min(low, between), max(high, upto)
	}
	return Estimate{value, min(low, value), max(high, value)}
}

// bootstrap is the percentile interval of the median of n rounds drawn from n.
func bootstrap(n int, r *rand.Rand, draw func(round int) float64) (low, high float64) {
	results, drawn := make([]float64, resamples), make([]float64, n)
	for i := range results {
		for k := range drawn {
			drawn[k] = draw(r.IntN(n))
		}
		slices.Sort(drawn)
		results[i] = middleOfSorted(drawn)
	}
	slices.Sort(results)
	tail := int((1 - Confidence) / 2 * resamples)
	return results[tail], results[resamples-1-tail]
}

// widen undoes two errors of a bootstrap of n rounds: the variance of n values around their own mean is (n-1)/n of what
// it should be, and the tails are those of Student's distribution. What is never negative does not become so.
func widen(value, low, high float64, n int) (float64, float64) {
	f := factor(n)
	wider := value - f*(value-low)
	if low >= 0 {
		wider = max(wider, 0)
	}
	return wider, value + f*(high-value)
}

func factor(n int) float64 {
	upper := 1 - (1-Confidence)/2
	t := stats.InvCDF(stats.TDist{V: float64(n - 1)})(upper)
	z := stats.InvCDF(stats.StdNormal)(upper)
	return t / z * math.Sqrt(float64(n)/float64(n-1))
}

// resampledMedian is the median of as many draws from s as it has samples. The k-th smallest of n uniform numbers has a
// beta distribution, so that one draw from it says which quantile the median is.
func resampledMedian(s *record.Samples, r *rand.Rand) float64 {
	if s.N == 1 {
		return s.Median
	}
	k := (s.N + 1) / 2 // the nearest rank, as in the harness
	a, b := gamma(float64(k), r), gamma(float64(s.N-k+1), r)
	return quantile(s, a/(a+b))
}

func quantile(s *record.Samples, q float64) float64 {
	n := len(s.Quantiles)
	return s.Quantiles[min(int(q*float64(n)), n-1)]
}

// gamma draws from the gamma distribution with a shape of 1 or more, by the method of Marsaglia and Tsang.
func gamma(shape float64, r *rand.Rand) float64 {
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		u := 1 - r.Float64()
		// The first is nearly always true, and then the logarithms need not be taken.
		if u < 1-0.0331*x*x*x*x || math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
