// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"libinger/limit"
)

// The shortest slice leaves room for the timer signal itself, which costs up to 20 us; the longest is a safeguard
// against a mistyped unit.
const (
	MinSlice = 10 * time.Microsecond
	MaxSlice = time.Hour
)

// The smallest stack holds a signal frame with every extended register and some frames beside it; the largest is what
// inger_launch_attr accepts.
const (
	MinStack = 16 << 10
	MaxStack = 1 << 40
)

// MaxLibsets libsets of a program with several libraries are about 2 GiB of private memory.
const MaxLibsets = 10000

// Real-time signals that libc leaves to programs, SIGRTMIN to SIGRTMAX.
const (
	MinSignal = 34
	MaxSignal = 64
)

// The parsers return the reason for a refusal, or "" and the value in the place given.

// parseSlice reads a Go duration: a number and a unit (ns, us, µs, ms, s, m, h), also several, as in 1m30s.
// A bare number is refused, because nobody can say what it meant; 0 needs no unit.
func parseSlice(slice *time.Duration, value string) string {
	d, err := time.ParseDuration(value)
	if err != nil {
		return "not a duration; write 50us, 1ms or 2s"
	}
	if d != 0 && (d < MinSlice || d > MaxSlice) {
		return "not between 10us and 1h"
	}
	*slice = d
	return ""
}

func formatSlice(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	text := strings.Replace(d.String(), "µs", "us", 1)
	// 2m0s and 1h0m0s are how Go prints 2m and 1h.
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-len("0s")]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-len("0m")]
	}
	return text
}

func parseSwitch(on *bool, value string) string {
	switch value {
	case "0":
		*on = false
	case "1":
		*on = true
	default:
		return "write 0 or 1"
	}
	return ""
}

func formatSwitch(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func parseClock(clock *Clock, value string) string {
	for c := Auto; c <= Timekeeper; c++ {
		if value == c.String() {
			*clock = c
			return ""
		}
	}
	return "write auto, timer or timekeeper"
}

func parseIsolation(isolation *Isolation, value string) string {
	for i := Isolated; i <= Shared; i++ {
		if value == i.String() {
			*isolation = i
			return ""
		}
	}
	return "write isolated or shared"
}

func parseLibsets(libsets *uint32, value string) string {
	number, err := strconv.ParseUint(value, 10, 32)
	if err != nil && !isRange(err) {
		return "not a number"
	}
	if err != nil || number > MaxLibsets {
		return "not between 0 and 10000"
	}
	*libsets = uint32(number)
	return ""
}

// parseSignal takes a number: what SIGRTMIN+n means depends on the C library.
func parseSignal(signal *uint32, value string) string {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n < MinSignal || n > MaxSignal {
		return "not a real-time signal; write a number from 34 to 64"
	}
	*signal = uint32(n)
	return ""
}

const sizeSuffixes = "KMGT"

// parseStack reads bytes with an optional suffix, in either case; K is 1024.
func parseStack(bytes *uint64, value string) string {
	const notSize = "not a size; write 262144, 256K, 8M or 1G"
	digits, shift := value, 0
	if n := len(value); n > 0 {
		if i := strings.IndexByte(sizeSuffixes, value[n-1]&^0x20); i >= 0 {
			digits, shift = value[:n-1], 10*(i+1)
		}
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil && !isRange(err) {
		return notSize
	}
	if err != nil || number > MaxStack>>shift || (number != 0 && number<<shift < MinStack) {
		return "not between 16K and 1T"
	}
	*bytes = number << shift
	return ""
}

func formatSize(bytes uint64) string {
	suffix := ""
	for i := 0; i < len(sizeSuffixes) && bytes != 0 && bytes%1024 == 0; i++ {
		bytes, suffix = bytes/1024, sizeSuffixes[i:i+1]
	}
	return strconv.FormatUint(bytes, 10) + suffix
}

// parseSeed does not take a leading 0 for octal: a seed is copied from a line of output, where 010 would be ten.
func parseSeed(s *Settings, value string) string {
	digits, base := value, 10
	if strings.HasPrefix(value, "0x") || strings.HasPrefix(value, "0X") {
		digits, base = value[2:], 16
	}
	seed, err := strconv.ParseUint(digits, base, 64)
	if isRange(err) {
		return "larger than 18446744073709551615"
	}
	if err != nil {
		return "not an integer of 0 or more"
	}
	s.Seed, s.SeedSet = seed, true
	return ""
}

func formatSeed(s *Settings) string {
	if !s.SeedSet {
		return "random"
	}
	return strconv.FormatUint(s.Seed, 10)
}

// parseLimits keeps the text: who sets the limits reads it again (package gotcha).
func parseLimits(s *Settings, value string) string {
	if value == "none" {
		s.Limits = ""
		return ""
	}
	if _, err := limit.Parse(value); err != nil {
		var line *limit.LineError
		if errors.As(err, &line) && !strings.Contains(value, "\n") {
			err = line.Err
		}
		return err.Error()
	}
	s.Limits = value
	return ""
}

func formatLimits(s *Settings) string {
	if s.Limits == "" {
		return "none"
	}
	return strings.ReplaceAll(s.Limits, "\n", "; ")
}

// parseFile takes any name; whether the file can be read or written is known when it is.
func parseFile(file *string, value string) string {
	if strings.IndexByte(value, 0) >= 0 {
		return "not a file name"
	}
	if *file = value; value == "none" {
		*file = ""
	}
	return ""
}

func formatFile(file string) string {
	if file == "" {
		return "none"
	}
	return file
}

func parseEvents(events *uint32, value string) string {
	number, err := strconv.ParseUint(value, 10, 32)
	if err != nil && !isRange(err) {
		return "not a number"
	}
	if err != nil || number < 1024 || number > 1<<26 {
		return "not between 1024 and 67108864"
	}
	*events = uint32(number)
	return ""
}

// isRange tells a number that is too large from a text that is none. strconv returns a bare *NumError, so that no
// unwrapping is needed.
func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}
