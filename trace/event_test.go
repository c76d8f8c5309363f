// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// checkFormat holds a file against the Trace Event format, without the types that wrote it.
func checkFormat(t *testing.T, data []byte) {
	t.Helper()
	var file struct {
		Events []map[string]any `json:"traceEvents"`
		Unit   string           `json:"displayTimeUnit"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Events) == 0 || (file.Unit != "ns" && file.Unit != "ms") {
		t.Errorf("%d events, unit %q", len(file.Events), file.Unit)
	}
	type track struct{ pid, tid float64 }
	type pair struct {
		pid     float64
		cat, id string
	}
	open := map[track][]float64{} // where the X events end that enclose the next
	begun := map[pair][]string{}
	number := func(e map[string]any, key string) float64 {
		v, ok := e[key].(float64)
		if !ok {
			t.Errorf("%v: %s is no number", e, key)
		}
		return v
	}
	last := 0.0
	for _, e := range file.Events {
		name, _ := e["name"].(string)
		cat, _ := e["cat"].(string)
		if name == "" {
			t.Errorf("%v has no name", e)
		}
		at := track{number(e, "pid"), number(e, "tid")}
		ts := number(e, "ts")
		key := pair{at.pid, cat, ""}
		key.id, _ = e["id"].(string)
		args, _ := e["args"].(map[string]any)
		switch e["ph"] {
		case "M":
			if given, ok := args["name"].(string); (name != "process_name" && name != "thread_name") || !ok || given == "" {
				t.Errorf("metadata %v", e)
			}
			continue
		case "X":
			end := ts + number(e, "dur")
			if end < ts {
				t.Errorf("%v ends before it begins", e)
			}
			stack := open[at]
			for len(stack) > 0 && stack[len(stack)-1] <= ts {
				stack = stack[:len(stack)-1]
			}
			if len(stack) > 0 && end > stack[len(stack)-1]+0.0005 {
				t.Errorf("%v ends at %.3f, what encloses it at %.3f", e, end, stack[len(stack)-1])
			}
			open[at] = append(stack, end)
		case "i":
			if s := e["s"]; s != "t" && s != "p" && s != "g" {
				t.Errorf("the scope of %v", e)
			}
		case "b":
			if key.id == "" || cat == "" {
				t.Errorf("%v has no id or no category", e)
			}
			begun[key] = append(begun[key], name)
		case "e":
			stack := begun[key]
			if len(stack) == 0 || stack[len(stack)-1] != name {
				t.Errorf("%v ends what has not begun: %v", e, stack)
				continue
			}
			begun[key] = stack[:len(stack)-1]
		default:
			t.Errorf("%v is of no phase that is known here", e)
		}
		if ts < last {
			t.Errorf("%v is earlier than what is before it", e)
		}
		last = ts
	}
	for key, names := range begun {
		if len(names) > 0 {
			t.Errorf("%v of %v do not end", names, key)
		}
	}
}

func TestTheFileObeysTheFormat(t *testing.T) {
	var out bytes.Buffer
	if err := everything().read(t).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	checkFormat(t, out.Bytes())
}

// INGER_TRACE_JSON is a file that a program has made: tests/trace.t sets it.
func TestAFileOfAProgramObeysTheFormat(t *testing.T) {
	path := os.Getenv("INGER_TRACE_JSON")
	if path == "" {
		t.Skip("INGER_TRACE_JSON names no file")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkFormat(t, data)
}

func TestJSONIsReadAsItWasWritten(t *testing.T) {
	trace := everything().read(t)
	trace.Lost = 3
	trace.Events[0].Args.Name = "a \"name\"\n\x01 <b>"
	var first, second bytes.Buffer
	if err := trace.WriteJSON(&first); err != nil {
		t.Fatal(err)
	}
	again, err := ParseJSON(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.WriteJSON(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) || again.Lost != 3 {
		t.Errorf("written again it is\n%s\ninstead of\n%s", second.Bytes(), first.Bytes())
	}
	if a, b := Summarize(trace).Text(), Summarize(again).Text(); a != b {
		t.Errorf("the summaries differ:\n%s\n%s", a, b)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAFullDiskIsAnError(t *testing.T) {
	if err := everything().read(t).WriteJSON(fullDisk{}); err == nil {
		t.Error("no error")
	}
}

func TestTimeIsWrittenExactly(t *testing.T) {
	for time, want := range map[Time]string{0: "0.000", 1: "0.001", 1500: "1.500", -20: "-0.020", 86400e9: "86400000000.000"} {
		text, err := time.MarshalJSON()
		if err != nil || string(text) != want {
			t.Errorf("%d is written as %q, %v; want %q", time, text, err, want)
		}
		var back Time
		if err := back.UnmarshalJSON(text); err != nil || back != time {
			t.Errorf("%q is read as %d, %v", text, back, err)
		}
	}
}

func TestPercentileIsTheNearestRank(t *testing.T) {
	var d Distribution
	if d.Percentile(50) != 0 || d.Max() != 0 {
		t.Error("an empty distribution has a median")
	}
	for i := Time(100); i > 0; i-- {
		d.Add(i)
	}
	d.Add(-5)
	for percent, want := range map[int]Time{1: 1, 50: 50, 99: 99, 100: 100} {
		if got := d.Percentile(percent); got != want {
			t.Errorf("p%d is %d, want %d", percent, got, want)
		}
	}
}

func TestDurationHasThreeDigits(t *testing.T) {
	for time, want := range map[Time]string{0: "0ns", 999: "999ns", 1000: "1.00us", 9999: "10.0us", 99960: "100us", 999600: "1.00ms",
		12345678: "12.3ms", 86400e9: "86400s", -1500: "-1.50us"} {
		if got := Duration(time); got != want {
			t.Errorf("%d is %q, want %q", time, got, want)
		}
	}
}

func TestThePictureIsXMLWithALaneForEachThread(t *testing.T) {
	trace := everything().read(t)
	trace.Events[0].Args.Name = "<&\x01>"
	picture := SVG(trace, Summarize(trace))
	lanes := 0
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.HasPrefix(string(text), "<&") {
			lanes++
		}
	}
	if lanes != 2 {
		t.Errorf("%d lanes, want 2", lanes)
	}
}
