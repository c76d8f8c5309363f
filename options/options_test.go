// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// environment makes a lookup of one variable's value; every other variable is absent.
func environment(name, value string) func(string) (string, bool) {
	return func(n string) (string, bool) {
		if n == name {
			return value, true
		}
		return "", false
	}
}

func TestLoadAcceptsValues(t *testing.T) {
	with := func(change func(*Settings)) Settings {
		s := Defaults()
		change(&s)
		return s
	}
	slice := func(d time.Duration) Settings { return with(func(s *Settings) { s.Slice = d }) }
	stack := func(n uint64) Settings { return with(func(s *Settings) { s.StackBytes = n }) }
	libsets := func(n uint32) Settings { return with(func(s *Settings) { s.Libsets = n }) }
	seed := func(n uint64) Settings { return with(func(s *Settings) { s.Seed, s.SeedSet = n, true }) }

	tests := map[string]struct {
		name, value string
		want        Settings
	}{
		"an absent variable leaves the default":      {"UNRELATED", "1", Settings{Follow: true, FSGSBase: true, Libsets: 1, TraceEvents: 1 << 18}},
		"an empty variable leaves the default":       {"INGER_SLICE", "", Settings{Follow: true, FSGSBase: true, Libsets: 1, TraceEvents: 1 << 18}},
		"microseconds":                               {"INGER_SLICE", "50us", slice(50 * time.Microsecond)},
		"microseconds with the micro sign U+00B5":    {"INGER_SLICE", "50\u00b5s", slice(50 * time.Microsecond)},
		"microseconds with the Greek letter U+03BC":  {"INGER_SLICE", "50\u03bcs", slice(50 * time.Microsecond)},
		"milliseconds":                               {"INGER_SLICE", "1ms", slice(time.Millisecond)},
		"seconds":                                    {"INGER_SLICE", "2s", slice(2 * time.Second)},
		"nanoseconds":                                {"INGER_SLICE", "20000ns", slice(20 * time.Microsecond)},
		"minutes":                                    {"INGER_SLICE", "3m", slice(3 * time.Minute)},
		"a fraction":                                 {"INGER_SLICE", "1.5ms", slice(1500 * time.Microsecond)},
		"a sum of units":                             {"INGER_SLICE", "1m30s", slice(90 * time.Second)},
		"the shortest slice":                         {"INGER_SLICE", "10us", slice(MinSlice)},
		"the longest slice":                          {"INGER_SLICE", "1h", slice(MaxSlice)},
		"no slice":                                   {"INGER_SLICE", "0", slice(0)},
		"no slice, with a unit":                      {"INGER_SLICE", "0ms", slice(0)},
		"torture on":                                 {"INGER_TORTURE", "1", with(func(s *Settings) { s.Torture = true })},
		"torture off":                                {"INGER_TORTURE", "0", Defaults()},
		"stats on":                                   {"INGER_STATS", "1", with(func(s *Settings) { s.Stats = true })},
		"fsgsbase off":                               {"INGER_FSGSBASE", "0", with(func(s *Settings) { s.FSGSBase = false })},
		"launches with an own malloc":                {"INGER_OWN_MALLOC", "1", with(func(s *Settings) { s.OwnMalloc = true })},
		"another signal":                             {"INGER_SIGNAL", "40", with(func(s *Settings) { s.Signal = 40 })},
		"the first real-time signal":                 {"INGER_SIGNAL", "34", with(func(s *Settings) { s.Signal = MinSignal })},
		"the last real-time signal":                  {"INGER_SIGNAL", "64", with(func(s *Settings) { s.Signal = MaxSignal })},
		"follow off":                                 {"INGER_FOLLOW", "0", with(func(s *Settings) { s.Follow = false })},
		"follow on":                                  {"INGER_FOLLOW", "1", Defaults()},
		"the automatic clock":                        {"INGER_CLOCK", "auto", Defaults()},
		"the per-thread timer":                       {"INGER_CLOCK", "timer", with(func(s *Settings) { s.Clock = Timer })},
		"the timekeeper":                             {"INGER_CLOCK", "timekeeper", with(func(s *Settings) { s.Clock = Timekeeper })},
		"functions in libsets of their own":          {"INGER_ISOLATION", "isolated", Defaults()},
		"functions in the starting libset":           {"INGER_ISOLATION", "shared", with(func(s *Settings) { s.Isolation = Shared })},
		"no libset ahead":                            {"INGER_LIBSETS", "0", libsets(0)},
		"the default of libsets, spelled out":        {"INGER_LIBSETS", "1", Defaults()},
		"some libsets":                               {"INGER_LIBSETS", "64", libsets(64)},
		"the most libsets":                           {"INGER_LIBSETS", "10000", libsets(MaxLibsets)},
		"stack in bytes":                             {"INGER_STACK", "65536", stack(65536)},
		"stack in bytes that are no whole page":      {"INGER_STACK", "65537", stack(65537)},
		"stack in kibibytes":                         {"INGER_STACK", "256K", stack(256 << 10)},
		"stack with a small suffix":                  {"INGER_STACK", "256k", stack(256 << 10)},
		"stack in mebibytes":                         {"INGER_STACK", "8M", stack(8 << 20)},
		"stack in gibibytes":                         {"INGER_STACK", "2G", stack(2 << 30)},
		"the smallest stack":                         {"INGER_STACK", "16K", stack(MinStack)},
		"the largest stack":                          {"INGER_STACK", "1T", stack(MaxStack)},
		"the default stack, spelled out":             {"INGER_STACK", "0", stack(0)},
		"a decimal seed":                             {"INGER_SEED", "42", seed(42)},
		"a hexadecimal seed":                         {"INGER_SEED", "0xff", seed(255)},
		"a seed with leading zeros is still decimal": {"INGER_SEED", "010", seed(10)},
		"a seed of zero is a seed":                   {"INGER_SEED", "0", seed(0)},
		"the largest seed":                           {"INGER_SEED", "18446744073709551615", seed(1<<64 - 1)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, errs := Load(environment(tc.name, tc.value))
			if len(errs) != 0 {
				t.Fatalf("%s=%s: refused: %v", tc.name, tc.value, errs)
			}
			if got != tc.want {
				t.Errorf("%s=%s: settings %+v, want %+v", tc.name, tc.value, got, tc.want)
			}
		})
	}
}

func TestLoadReportsBadValuesAndKeepsDefaults(t *testing.T) {
	tests := map[string]struct{ name, value, reason string }{
		"a duration without a unit":     {"INGER_SLICE", "100", "not a duration"},
		"a duration of words":           {"INGER_SLICE", "soon", "not a duration"},
		"a unit without a number":       {"INGER_SLICE", "us", "not a duration"},
		"an unknown unit":               {"INGER_SLICE", "1fortnight", "not a duration"},
		"a blank around the duration":   {"INGER_SLICE", " 1ms", "not a duration"},
		"a negative duration":           {"INGER_SLICE", "-1ms", "not between 10us and 1h"},
		"a duration below the shortest": {"INGER_SLICE", "9999ns", "not between 10us and 1h"},
		"a duration above the longest":  {"INGER_SLICE", "3600001ms", "not between 10us and 1h"},
		"a duration that overflows":     {"INGER_SLICE", "99999999999h", "not a duration"},
		"a switch of words":             {"INGER_TORTURE", "yes", "write 0 or 1"},
		"a switch of two":               {"INGER_STATS", "2", "write 0 or 1"},
		"another switch":                {"INGER_FOLLOW", "true", "write 0 or 1"},
		"an unknown clock":              {"INGER_CLOCK", "sundial", "write auto, timer or timekeeper"},
		"a clock in capitals":           {"INGER_CLOCK", "TIMER", "write auto, timer or timekeeper"},
		"an unknown isolation":          {"INGER_ISOLATION", "auto", "write isolated or shared"},
		"an isolation in capitals":      {"INGER_ISOLATION", "Shared", "write isolated or shared"},
		"libsets of words":              {"INGER_LIBSETS", "many", "not a number"},
		"a negative number of libsets":  {"INGER_LIBSETS", "-1", "not a number"},
		"half a libset":                 {"INGER_LIBSETS", "0.5", "not a number"},
		"too many libsets":              {"INGER_LIBSETS", "10001", "not between 0 and 10000"},
		"libsets that overflow":         {"INGER_LIBSETS", "18446744073709551616", "not between 0 and 10000"},
		"a size of words":               {"INGER_STACK", "large", "not a size"},
		"a suffix without a number":     {"INGER_STACK", "K", "not a size"},
		"two suffixes":                  {"INGER_STACK", "8MB", "not a size"},
		"a negative size":               {"INGER_STACK", "-1", "not a size"},
		"a fraction of a size":          {"INGER_STACK", "1.5M", "not a size"},
		"a stack too small":             {"INGER_STACK", "4096", "not between 16K and 1T"},
		"a stack too large":             {"INGER_STACK", "1025G", "not between 16K and 1T"},
		"a size that overflows":         {"INGER_STACK", "18446744073709551616", "not between 16K and 1T"},
		"a size whose shift overflows":  {"INGER_STACK", "18446744073709551615K", "not between 16K and 1T"},
		"a trace without room":          {"INGER_TRACE_EVENTS", "1023", "not between 1024 and 67108864"},
		"a trace of words":              {"INGER_TRACE_EVENTS", "many", "not a number"},
		"a seed of words":               {"INGER_SEED", "lucky", "not an integer"},
		"a negative seed":               {"INGER_SEED", "-1", "not an integer"},
		"a prefix without digits":       {"INGER_SEED", "0x", "not an integer"},
		"a seed that overflows":         {"INGER_SEED", "18446744073709551616", "larger than"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, errs := Load(environment(tc.name, tc.value))
			if got != Defaults() {
				t.Errorf("%s=%s: settings %+v, want the defaults", tc.name, tc.value, got)
			}
			if len(errs) != 1 {
				t.Fatalf("%s=%s: errors %v, want one", tc.name, tc.value, errs)
			}
			var bad *Error
			if !errors.As(errs[0], &bad) || bad.Name != tc.name || bad.Value != tc.value {
				t.Errorf("error %#v does not name %s and %q", errs[0], tc.name, tc.value)
			}
			if !strings.Contains(errs[0].Error(), tc.reason) {
				t.Errorf("error %q does not say %q", errs[0], tc.reason)
			}
		})
	}
}

func TestLoadReportsEveryBadValueAndUsesTheGoodOnes(t *testing.T) {
	env := map[string]string{"INGER_SLICE": "100", "INGER_STACK": "huge", "INGER_STATS": "1"}
	got, errs := Load(func(n string) (string, bool) { v, ok := env[n]; return v, ok })
	if len(errs) != 2 {
		t.Errorf("errors %v, want one for each bad value", errs)
	}
	if want := (Settings{Follow: true, FSGSBase: true, Libsets: 1, Stats: true, TraceEvents: 1 << 18}); got != want {
		t.Errorf("settings %+v, want %+v", got, want)
	}
}

func TestErrorIsOneLineWhateverTheValueHolds(t *testing.T) {
	_, errs := Load(environment("INGER_CLOCK", "a\nb\x1b[31m"))
	if len(errs) != 1 || strings.ContainsAny(errs[0].Error(), "\n\x1b") {
		t.Errorf("errors %q, want one without control characters", errs)
	}
}

func TestTableRowsAgreeWithDefaults(t *testing.T) {
	seen := map[string]bool{}
	defaults := Defaults()
	for i := range Table {
		row := &Table[i]
		t.Run(row.Name, func(t *testing.T) {
			if got := row.Value(&defaults); got != row.Default {
				t.Errorf("the default setting prints as %q, the table says %q", got, row.Default)
			}
			for _, text := range []string{row.Flag, row.Unit, row.Range, row.Meaning} {
				if text == "" {
					t.Errorf("row %+v has an empty text", row)
				}
			}
			if (row.Arg == "") != (row.On != "") {
				t.Errorf("a row has either an argument or a switch's value, not %q and %q", row.Arg, row.On)
			}
			if seen[row.Name] || seen[row.Flag] {
				t.Errorf("%s or --%s appears twice", row.Name, row.Flag)
			}
			seen[row.Name], seen[row.Flag] = true, true
		})
	}
}

func TestLimits(t *testing.T) {
	settings := Defaults()
	row := find(t, "INGER_LIMITS")
	if err := row.Set(&settings, "a=1s\nb=2s:log"); err != nil || row.Value(&settings) != "a=1s; b=2s:log" {
		t.Errorf("two rules: %v, %q", err, row.Value(&settings))
	}
	// Of one rule the number of its line says nothing.
	if err := row.Set(&settings, "a=1s:explode"); err == nil || strings.Contains(err.Error(), "line") {
		t.Errorf("a wrong rule: %v", err)
	}
	if err := row.Set(&settings, "a=1s\nb=2"); err == nil || !strings.Contains(err.Error(), "line 2: ") {
		t.Errorf("a wrong second rule: %v", err)
	}
	if err := row.Set(&settings, "none"); err != nil || settings.Limits != "" {
		t.Errorf("none: %v, %q", err, settings.Limits)
	}
}

func find(t *testing.T, name string) *Option {
	t.Helper()
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	t.Fatalf("no option %s", name)
	return nil
}

func TestValuePrintsWhatSetReads(t *testing.T) {
	values := map[string][]string{
		"INGER_SLICE":        {"10us", "1.5ms", "2s", "1m", "1m30s", "1h", "20m"},
		"INGER_TORTURE":      {"1"},
		"INGER_STATS":        {"1"},
		"INGER_FOLLOW":       {"0"},
		"INGER_FSGSBASE":     {"0"},
		"INGER_OWN_MALLOC":   {"1"},
		"INGER_CLOCK":        {"timer", "timekeeper"},
		"INGER_ISOLATION":    {"shared"},
		"INGER_LIBSETS":      {"0", "2", "10000"},
		"INGER_STACK":        {"16K", "65537", "8M", "3G", "1T"},
		"INGER_SEED":         {"0", "7"},
		"INGER_LIMITS":       {"libz.so:compress*=50ms:return=-5"},
		"INGER_CONFIG":       {"limits.conf", "/tmp/a b"},
		"INGER_TRACE":        {"ring", "/tmp/a b.%p"},
		"INGER_TRACE_EVENTS": {"1024", "67108864"},
	}
	for i := range Table {
		row := &Table[i]
		if len(values[row.Name]) == 0 {
			t.Errorf("%s: no value to try", row.Name)
		}
		for _, value := range values[row.Name] {
			settings := Defaults()
			if err := row.Set(&settings, value); err != nil {
				t.Errorf("%s=%s: %v", row.Name, value, err)
			} else if got := row.Value(&settings); got != value {
				t.Errorf("%s=%s prints as %q", row.Name, value, got)
			}
		}
	}
}
