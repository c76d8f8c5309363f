// SPDX-License-Identifier: Apache-2.0

// Package trace reads what the library has recorded (shim/trace.h), writes it in the Trace Event format that Perfetto and
// chrome://tracing open, and sums it up.
//
// A ring may come from a program that crashed or still runs: an event that is torn, or has been overwritten while its
// partner has not, is left out, and what was open is closed at the last moment that is known.
package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrForeign is wrapped by the errors about files that are no trace of libinger.
var ErrForeign = errors.New("not a trace of libinger")

// Categories of events.
const (
	CatCall     = "call"     // a call, from its launch to its end; b and e
	CatSlice    = "slice"    // X, on the kernel thread that ran it
	CatDefer    = "deferral" // from when a pause was due to when it came; b and e
	CatWait     = "wait"     // b and e
	CatCancel   = "cancel"   // X
	CatSignal   = "signal"   // i
	CatFault    = "fault"    // i
	CatLibset   = "libset"   // i
	CatExit     = "exit"     // i
	CatMetadata = "__metadata"
)

// Time is in nanoseconds; in the file it is in microseconds with three decimals.
type Time int64

// MarshalJSON writes exactly what is there, which a float would not.
func (t Time) MarshalJSON() ([]byte, error) {
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	return fmt.Appendf(nil, "%s%d.%03d", sign, t/1000, t%1000), nil
}

// UnmarshalJSON takes any number.
func (t *Time) UnmarshalJSON(text []byte) error {
	us, err := strconv.ParseFloat(string(text), 64)
	if err != nil || us > 1e15 || us < -1e15 {
		return fmt.Errorf("%.40q is no time", text)
	}
	if us < 0 {
		*t = Time(us*1000 - 0.5)
	} else {
		*t = Time(us*1000 + 0.5)
	}
	return nil
}

// Micros is the time in microseconds.
func (t Time) Micros() float64 { return float64(t) / 1000 }

// Args are what an event has to say besides; which are there depends on the category.
type Args struct {
	Name      string `json:"name,omitempty"`         // M
	Call      uint64 `json:"call,omitempty"`         // counts launches, from 1
	Launcher  uint64 `json:"launched_by,omitempty"`  // call
	Kind      string `json:"libset,omitempty"`       // call: isolated or shared
	End       string `json:"end,omitempty"`          // slice: why it ended; call: how
	Number    int    `json:"slice,omitempty"`        // slice: counts those of the call, from 1
	Budget    *Time  `json:"budget_us,omitempty"`    // slice
	Overshoot *Time  `json:"overshoot_us,omitempty"` // slice that was ended by the clock; negative: early
	Late      *Time  `json:"late_us,omitempty"`      // signal
	Outcome   string `json:"outcome,omitempty"`      // signal, libset
	At        string `json:"at,omitempty"`           // deferral, fault: where
	On        string `json:"on,omitempty"`           // wait: descriptor or address
	Address   string `json:"address,omitempty"`      // fault, libset
	Error     string `json:"error,omitempty"`        // cancel
}

// Event is one of the Trace Event format.
type Event struct {
	Name  string `json:"name"`
	Cat   string `json:"cat,omitempty"`
	Ph    string `json:"ph"`
	TS    Time   `json:"ts"`
	Dur   *Time  `json:"dur,omitempty"`
	PID   int    `json:"pid"`
	TID   int    `json:"tid"`
	ID    string `json:"id,omitempty"`
	Scope string `json:"s,omitempty"`
	Args  *Args  `json:"args,omitempty"`
}

// Trace is a whole file.
type Trace struct {
	Events []Event
	Lost   uint64 // events that were overwritten
}

const producer = "libinger"

type otherData struct {
	Producer string `json:"producer"`
	Version  string `json:"version"`
	Lost     string `json:"lost_events"`
}

// WriteJSON writes the object form, an event a line.
func (t *Trace) WriteJSON(to io.Writer) error {
	out := bufio.NewWriterSize(to, 1<<16)
	_, _ = out.WriteString("{\"traceEvents\": [")
	for i := range t.Events {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_ = out.WriteByte('\n')
		line, err := json.Marshal(&t.Events[i])
		if err != nil {
			return err
		}
		_, _ = out.Write(line)
	}
	other, err := json.Marshal(otherData{producer, "1", strconv.FormatUint(t.Lost, 10)})
	if err != nil {
		return err
	}
	_, _ = out.WriteString("\n], \"displayTimeUnit\": \"ns\", \"otherData\": " + string(other) + "}\n")
	return out.Flush() // the first error of all
}

// ParseJSON reads what WriteJSON has written.
func ParseJSON(data []byte) (*Trace, error) {
	var file struct {
		Events *[]Event   `json:"traceEvents"`
		Other  *otherData `json:"otherData"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("damaged JSON at byte %d: %w", syntax.Offset, ErrForeign)
		}
		return nil, fmt.Errorf("%s: %w", strings.TrimPrefix(err.Error(), "json: "), ErrForeign)
	}
	if file.Events == nil || file.Other == nil || file.Other.Producer != producer {
		return nil, fmt.Errorf("JSON, but %w", ErrForeign)
	}
	lost, _ := strconv.ParseUint(file.Other.Lost, 10, 64)
	return &Trace{Events: *file.Events, Lost: lost}, nil
}
