// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"libinger/bench/machine"
	"libinger/bench/record"
	"libinger/bench/result"
)

func thinned(values ...float64) *record.Samples {
	n := len(values)
	return &record.Samples{N: n, Min: values[0], P1: values[0], Median: values[(n-1)/2], P99: values[n-1], P999: values[n-1], Max: values[n-1],
		Quantiles: values}
}

// sample is a result with what there is: goals reached and missed, a noisy case, a curve, a histogram, a group that failed.
func sample(t *testing.T) *result.File {
	t.Helper()
	f := &result.File{Schema: result.Schema, Machine: machine.Machine{CPU: "A|B", Cores: 2, Kernel: "6.1"},
		Settings: result.Settings{Rounds: 2, Seed: 1, Method: "m"}, Library: result.Library{Version: "0.1.0"}}
	yes, no := true, false
	rounds := func(scale float64) []record.Record {
		return []record.Record{
			{Line: &record.Line{Name: "launch_nop", Count: 3, Batch: 10, Unit: "ns", Own: thinned(22, 23, 30), Base: "fork+wait",
				Samples: thinned(1e5, 1.1e5, 2e5), Goal: "<=30ns_more", Reached: &yes,
				Figures: []record.Figure{{Name: "cheaper_p10", Value: 4400, Unit: "x"}}}},
			{Line: &record.Line{Name: "launch_nop", Count: 3, Batch: 10, Unit: "ns", Own: thinned(22, 23, 30), Base: "thread",
				Samples: thinned(1e4, 1.1e4, 2e4)}},
			{Line: &record.Line{Name: "slow", Count: 3, Batch: 1, Unit: "KiB", Own: thinned(10*scale, 20*scale, 30*scale), Goal: "own<=1KiB",
				Reached: &no, Text: "a|b"}},
			{Point: &record.Point{Curve: "scale", Title: "Cost [of] many", Parameter: "functions", Unit: "ns", Series: "ours", LogX: true,
				X: 10 * scale, Own: thinned(1, 2, 3)}},
			{Histogram: &record.Histogram{Name: "late", Title: "Late", Unit: "ns", Series: "ours", Own: thinned(-5, 0, 5, 900)}},
		}
	}
	if problems := f.Merge("launch", "auto", [][]record.Record{rounds(1), rounds(2)}); len(problems) > 0 {
		t.Fatal(problems)
	}
	f.Groups = []result.Group{{Name: "launch", Clock: "auto"}, {Name: "hangs", Clock: "timer", Problems: []string{"round 1: ended after 10m0s"}}}
	return f
}

func TestLinesSayWhatIsMissedAndNoisy(t *testing.T) {
	text := Lines(sample(t))
	for _, want := range []string{"launch_nop", "base=fork+wait 110 µs", "cheaper_p10=4400x", "goal=<=30ns_more ok", "own<=1KiB MISSED", "noisy=67%",
		"hangs", "not measured: clock=timer: round 1: ended after", "scale[ours] functions=10 median=2 ns",
		"# goals: 1 ok, 1 MISSED; noisy: 1 of 3; groups not measured: 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestMarkdownRowsAreWhole(t *testing.T) {
	text := Markdown(sample(t))
	columns := 0
	for row := range strings.Lines(text) {
		if !strings.HasPrefix(row, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(row, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d columns instead of %d: %s", n-1, columns-1, row)
		}
	}
	for _, want := range []string{"**MISSED**", "**noisy**", "&lt;=30ns more: ok", `A\|B`, "![Cost (of) many](scale.svg)", "![Late](late.svg)",
		"Not measured, or not in every round: hangs"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestWrittenFiles(t *testing.T) {
	folder := t.TempDir()
	if err := Write(sample(t), folder); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scale.svg", "late.svg"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	f, err := os.Open(filepath.Join(folder, "results.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := benchfmt.NewReader(f, "results.txt")
	names := map[string]int{}
	for lines.Scan() {
		r, ok := lines.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("not a result: %v", lines.Result())
		}
		names[string(r.Name)]++
	}
	// launch_nop has two bases and is one benchmark.
	if err := lines.Err(); err != nil || len(names) != 2 || names["LaunchNop/clock=auto"] != 2 {
		t.Errorf("names = %v, %v", names, err)
	}
}

func TestAPictureIsNamedLikeAFile(t *testing.T) {
	f := sample(t)
	f.Curves[0].Name = "../outside"
	if err := WritePictures(f, t.TempDir(), []string{"../outside"}); err == nil {
		t.Error("a picture was written outside of its folder")
	}
	if err := WritePictures(f, t.TempDir(), []string{"absent"}); err == nil {
		t.Error("a picture that is not in the result")
	}
}

func TestHistogramsKeepAllSamples(t *testing.T) {
	chart := histogramChart(&result.Histogram{Name: "h", Unit: "ns", Series: []result.Distribution{
		{Name: "a", Rounds: []*record.Samples{thinned(0, 1, 2, 3), thinned(1, 2, 3, 4, 5, 6, 7, 8)}},
	}})
	sum := 0.0
	for _, p := range chart.Series[0].Points[:bars] {
		sum += p.Y
	}
	if sum < 99.99 || sum > 100.01 {
		t.Errorf("bars add up to %g %%", sum)
	}
}

func TestRefresh(t *testing.T) {
	document := "# Performance\n\nBy hand.\n<!-- bench: machine -->\nold\n<!-- bench end -->\n\n" +
		"<!-- bench: table nothing launch -->\n<!-- bench end -->\nText after.\n\n" +
		"<!-- bench: picture scale gone -->\nold\nold\n<!-- bench end -->\n<!-- bench: other -->\n<!-- bench end -->\nThe end"
	f := sample(t)
	text, shown, err := Refresh(f, document, "pictures/")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "old") {
		t.Error("an old part is still there")
	}
	for _, want := range []string{"By hand.\n", "Text after.\n", "The end", "| `slow` ", "(pictures/scale.svg)", "(pictures/late.svg)", "processor"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	slices.Sort(shown)
	if !slices.Equal(shown, []string{"late", "scale"}) {
		t.Errorf("shown = %v", shown)
	}
	again, _, err := Refresh(f, text, "pictures/")
	if err != nil || again != text {
		t.Errorf("a second time is not the same (%v):\n%s", err, again)
	}
}

func TestMarkersThatDoNotFit(t *testing.T) {
	for name, document := range map[string]string{
		"no end":          "<!-- bench: machine -->\n",
		"no beginning":    "text\n<!-- bench end -->\n",
		"one in another":  "<!-- bench: machine -->\n<!-- bench: other -->\n<!-- bench end -->\n",
		"an unknown kind": "<!-- bench: chart a -->\n<!-- bench end -->\n",
		"no kind":         "<!-- bench:  -->\n<!-- bench end -->\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := Refresh(sample(t), document, ""); !errors.Is(err, ErrMarkers) {
				t.Errorf("error %v", err)
			}
		})
	}
}
