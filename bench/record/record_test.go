// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const (
	samples = `{"n":4,"min":1,"p1":1,"median":2,"p99":4,"p99.9":4,"max":4,"quantiles":[1,2,3,4]}`
	good    = `{"line":"launch_nop","count":4,"batch":1000,"own":` + samples + `,"base":"fork+wait","base_samples":` + samples +
		`,"goal":"<=5ns","reached":true,"unit":"ns","figures":[{"name":"p10","value":1.5,"unit":"ns"}],"text":"quiet"}` + "\n"
)

func TestALineIsRead(t *testing.T) {
	records, err := Parse(strings.NewReader(good))
	if err != nil || len(records) != 1 {
		t.Fatalf("Parse: %d records, %v", len(records), err)
	}
	reached := true
	s := &Samples{N: 4, Min: 1, P1: 1, Median: 2, P99: 4, P999: 4, Max: 4, Quantiles: []float64{1, 2, 3, 4}}
	want := &Line{Name: "launch_nop", Count: 4, Batch: 1000, Unit: "ns", Own: s, Base: "fork+wait", Samples: s,
		Figures: []Figure{{"p10", 1.5, "ns"}}, Text: "quiet", Goal: "<=5ns", Reached: &reached}
	if !reflect.DeepEqual(records[0].Line, want) {
		t.Errorf("line = %+v, want %+v", records[0].Line, want)
	}
}

func TestCurvesAndHistogramsAreRead(t *testing.T) {
	records, err := Parse(strings.NewReader(
		`{"curve":"scale","title":"T","unit":"ns","series":"ours","parameter":"functions","log_x":true,"log_y":false,"x":10,"own":` + samples + "}\n" +
			`{"curve":"scale","title":"T","unit":"ns","series":"ours","parameter":"functions","log_x":true,"log_y":false,"x":0,"value":0}` + "\n" +
			`{"histogram":"late","title":"L","unit":"ns","series":"ours","own":` + samples + "}\n"))
	if err != nil || len(records) != 3 {
		t.Fatalf("Parse: %d records, %v", len(records), err)
	}
	if p := records[0].Point; p == nil || p.Curve != "scale" || p.X != 10 || !p.LogX || p.LogY || p.Own.Median != 2 {
		t.Errorf("first point = %+v", p)
	}
	if p := records[1].Point; p == nil || p.X != 0 || p.Own.N != 1 || p.Own.Median != 0 {
		t.Errorf("a point of zeros = %+v", p)
	}
	if h := records[2].Histogram; h == nil || h.Name != "late" || h.Own.N != 4 {
		t.Errorf("histogram = %+v", h)
	}
}

// A case that has no samples gives figures: its value is the one named median, or the first.
func TestTheValueOfALineWithoutSamples(t *testing.T) {
	tests := map[string]struct {
		members string
		value   float64
		unit    string
		left    int // figures besides
	}{
		"a value beside a base": {`"value":7,"base":"b","base_value":14,"figures":[]`, 7, "ns", 0},
		"a median":              {`"figures":[{"name":"p10","value":1,"unit":"us"},{"name":"median","value":3,"unit":"us"}]`, 3, "us", 1},
		"the first figure":      {`"figures":[{"name":"own","value":8,"unit":"KiB"},{"name":"tables","value":4,"unit":"KiB"}]`, 8, "KiB", 1},
		"no number is absent":   {`"figures":[{"name":"own","value":null,"unit":"KiB"},{"name":"tables","value":4,"unit":"B"}]`, 4, "B", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			records, err := Parse(strings.NewReader(`{"line":"a","count":1,"batch":1,"unit":"ns",` + tc.members + "}\n"))
			if err != nil {
				t.Fatal(err)
			}
			l := records[0].Line
			if l.Own.Median != tc.value || l.Unit != tc.unit || len(l.Figures) != tc.left {
				t.Errorf("value %g %s, %d figures; want %g %s, %d", l.Own.Median, l.Unit, len(l.Figures), tc.value, tc.unit, tc.left)
			}
		})
	}
}

func TestDamagedRecords(t *testing.T) {
	line := func(members string) string { return `{"line":"a","count":4,"batch":1,"unit":"ns",` + members + "}" }
	tests := map[string]string{
		"cut off":                     good[:100],
		"empty line":                  "",
		"not JSON":                    "launch_nop n=4",
		"a list":                      "[1]",
		"two objects":                 `{"line":"a"}{"line":"b"}`,
		"no kind":                     `{"count":1}`,
		"two kinds":                   `{"line":"a","curve":"b","count":1,"batch":1}`,
		"an unknown member":           line(`"value":1,"speed":1`),
		"no samples in a batch":       `{"line":"a","count":4,"batch":0,"value":1}`,
		"nothing measured":            line(`"figures":[]`),
		"a base without a figure":     line(`"value":1,"base":"b"`),
		"a goal without a verdict":    line(`"value":1,"goal":"<1"`),
		"a verdict without a goal":    line(`"value":1,"reached":true`),
		"a sample that is no number":  line(`"own":` + strings.Replace(samples, `"median":2`, `"median":null`, 1)),
		"a quantile that is none":     line(`"own":` + strings.Replace(samples, "[1,", "[null,", 1)),
		"an absent percentile":        line(`"own":` + strings.Replace(samples, `"p99":4,`, "", 1)),
		"percentiles out of order":    line(`"own":` + strings.Replace(samples, `"median":2`, `"median":9`, 1)),
		"quantiles out of order":      line(`"own":` + strings.Replace(samples, "[1,2,3,4]", "[2,1,3,4]", 1)),
		"no quantiles":                line(`"own":` + strings.Replace(samples, "[1,2,3,4]", "[]", 1)),
		"more quantiles than samples": line(`"own":` + strings.Replace(samples, `"n":4`, `"n":3`, 1)),
		"no samples":                  line(`"own":` + strings.Replace(samples, `"n":4`, `"n":0`, 1)),
		"a number too large":          line(`"value":1e999`),
		"a curve without x":           `{"curve":"c","series":"s","value":1}`,
		"a point without a figure":    `{"curve":"c","series":"s","x":1}`,
		"a histogram without samples": `{"histogram":"h","series":"s","value":1}`,
		"longer than any record":      `{"line":"` + strings.Repeat("a", lineBytes) + `"}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			records, err := Parse(strings.NewReader(good + text + "\n" + good))
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("error %v does not name line 2", err)
			}
			if len(records) != 1 {
				t.Errorf("%d records before the damage, want 1", len(records))
			}
		})
	}
}
