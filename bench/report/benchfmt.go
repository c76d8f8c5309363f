// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"libinger/bench/result"
)

// Benchfmt is the result in the format of Go's benchmarks, a line for each round, for benchstat and what else reads it.
func Benchfmt(f *result.File) ([]byte, error) {
	var out bytes.Buffer
	w := benchfmt.NewWriter(&out)
	config := func(key, value string) benchfmt.Config {
		return benchfmt.Config{Key: key, Value: []byte(known(value)), File: true}
	}
	configuration := []benchfmt.Config{
		config("cpu", f.Machine.CPU), config("kernel", f.Machine.Kernel), config("libc", f.Machine.Libc),
		config("libinger", f.Library.Version), config("revision", revision(f)),
	}
	written := map[string]bool{}
	for i := range f.Cases {
		c := &f.Cases[i]
		name := goName(c)
		if written[name] { // once more with another base
			continue
		}
		written[name] = true
		for _, round := range c.Rounds {
			value, unit := perOperation(round.Median, c.Unit)
			line := benchfmt.Result{Config: configuration, Name: benchfmt.Name(name), Iters: round.N * c.Batch,
				Values: []benchfmt.Value{{Value: value, Unit: unit}}}
			if err := w.Write(&line); err != nil {
				return nil, err
			}
		}
	}
	return out.Bytes(), nil
}

// goName is such as LaunchNop/clock=timer.
func goName(c *result.Case) string {
	var name strings.Builder
	up := true
	for _, r := range c.Name {
		if r == '_' || unicode.IsSpace(r) {
			up = true
			continue
		}
		if up {
			r = unicode.ToUpper(r)
		}
		name.WriteRune(r)
		up = false
	}
	return name.String() + "/clock=" + c.Clock
}

func perOperation(value float64, unit string) (float64, string) {
	switch unit {
	case "ns":
		return value, "ns/op"
	case "KiB":
		return value * 1024, "B"
	case "":
		return value, "units"
	}
	return value, strings.ReplaceAll(unit, " ", "_")
}
