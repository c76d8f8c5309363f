// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"math"
	"strings"
	"testing"

	"libinger/bench/record"
)

func TestThisMachineIsDescribed(t *testing.T) {
	m := Describe()
	if m.Cores < 1 || m.Kernel == "" || m.CPU == "" || m.MemoryKiB == 0 || !strings.HasPrefix(m.Libc, "glibc ") {
		t.Errorf("%+v", m)
	}
	if d := m.Differences(m); len(d) != 0 {
		t.Errorf("differs from itself: %v", d)
	}
	other := m
	other.CPU, other.Cores = "another", 99
	if d := m.Differences(other); len(d) != 2 {
		t.Errorf("differences = %v", d)
	}
}

func TestTimes(t *testing.T) {
	before := parseTimes("cpu  100 0 100 700 50 10 10 30 5 0")
	after := parseTimes("cpu  150 0 150 750 50 10 10 80 5 0")
	if !before.known || before.all != 1000 || before.stolen != 30 || before.busy != 220 {
		t.Fatalf("%+v", before)
	}
	after.own = 40 * tick
	steal, others := after.Since(before)
	if math.Abs(steal-0.25) > 1e-9 || math.Abs(others-0.3) > 1e-9 {
		t.Errorf("steal %g, others %g; want 0.25, 0.3", steal, others)
	}
	for _, line := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7 x"} {
		if steal, _ := parseTimes(line).Since(before); steal != -1 {
			t.Errorf("%q gives %g", line, steal)
		}
	}
	if !ReadTimes().known {
		t.Error("the times of this machine are not known")
	}
}

func look(median, p99, late float64) Look {
	return Look{&record.Samples{N: 3, Median: median, P99: p99}, &record.Samples{N: 3, Median: 1, P99: late}}
}

func TestAMachineIsNoisyForAReason(t *testing.T) {
	tests := map[string]struct {
		noise Noise
		want  string // empty: quiet
	}{
		"quiet":           {Noise{Looks: []Look{look(100, 105, 9e3), look(101, 106, 9e3)}}, ""},
		"steal":           {Noise{Looks: []Look{look(100, 105, 9e3)}, Steal: 0.05}, "stolen"},
		"other processes": {Noise{Looks: []Look{look(100, 105, 9e3)}, Others: 0.5}, "other processes"},
		"an uneven loop":  {Noise{Looks: []Look{look(100, 300, 9e3)}}, "p99 of a fixed loop"},
		"speed changes":   {Noise{Looks: []Look{look(100, 105, 9e3), look(120, 125, 9e3)}}, "changed by"},
		"late timers":     {Noise{Looks: []Look{look(100, 105, 5e6)}}, "lateness"},
		"nothing known":   {Noise{Steal: -1, Others: -1}, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.noise.Judge()
			text := strings.Join(tc.noise.Reasons, "; ")
			if (tc.want == "") != (text == "") || !strings.Contains(text, tc.want) {
				t.Errorf("reasons %q, want %q", text, tc.want)
			}
		})
	}
}

func TestALookIsWhole(t *testing.T) {
	line := func(name string) record.Record {
		return record.Record{Line: &record.Line{Name: name, Own: record.Single(5)}}
	}
	if _, err := NewLook([]record.Record{line("spin"), line("timer")}); err != nil {
		t.Error(err)
	}
	if _, err := NewLook([]record.Record{line("spin")}); err == nil {
		t.Error("half a look was taken")
	}
}
