// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// mostBytes bounds what is read: the largest ring there can be is 2 GiB, and its JSON is not larger than that by much.
const mostBytes = 4 << 30

// Read reads recordings of the library and traces in JSON, and puts them on one time axis. Recordings of several processes
// share the machine's clock; a trace in JSON has an axis of its own, so there can only be one, alone.
func Read(paths ...string) (*Trace, error) {
	var rings []*ring
	for _, path := range paths {
		data, err := contents(path)
		if err != nil {
			return nil, err
		}
		switch {
		case isRing(data):
			r, err := parseRing(data)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", path, err)
			}
			rings = append(rings, r)
		case len(data) == 0:
			return nil, fmt.Errorf("%q: the file is empty: %w", path, ErrForeign)
		case bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")):
			t, err := ParseJSON(data)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", path, err)
			}
			if len(paths) > 1 {
				return nil, fmt.Errorf("%q: a trace in JSON is read alone", path)
			}
			return t, nil
		default:
			return nil, fmt.Errorf("%q: %w", path, ErrForeign)
		}
	}
	return merge(rings), nil
}

func contents(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: %w", path, err)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%q: it is no regular file", path)
	case st.Size() > mostBytes:
		return nil, fmt.Errorf("%q: too large: %w", path, ErrForeign)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	return data, nil
}

func merge(rings []*ring) *Trace {
	out := &Trace{Events: []Event{}}
	zero, first := Time(0), true
	for _, r := range rings {
		if at := Time(r.startNS); first || at < zero {
			zero, first = at, false
		}
	}
	for _, r := range rings {
		build(out, r, zero)
	}
	// Metadata first, then by time; of two that begin together the outer one first.
	slices.SortStableFunc(out.Events, func(a, b Event) int {
		if (a.Ph == "M") != (b.Ph == "M") {
			if a.Ph == "M" {
				return -1
			}
			return 1
		}
		if a.TS != b.TS {
			return cmp.Compare(a.TS, b.TS)
		}
		if a.Dur != nil && b.Dur != nil {
			return cmp.Compare(*b.Dur, *a.Dur)
		}
		return 0
	})
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Begun says whether a recording has got as far as to have a head.
func Begun(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return err == nil && isRing(head)
}
