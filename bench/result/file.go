// SPDX-License-Identifier: Apache-2.0

package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"libinger/bench/record"
)

// ErrSchema is returned for a file of another version.
var ErrSchema = errors.New("another version of the schema")

// Write writes the file as a whole: who reads it meanwhile sees the old one. Each case and each curve is one line, so that
// two files can be compared by line.
func (f *File) Write(path string) error {
	text, err := f.encode()
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return Replace(path, text)
}

// Replace puts a new file in the place of an old one.
func Replace(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}

func (f *File) encode() ([]byte, error) {
	var out bytes.Buffer
	members := reflect.ValueOf(f).Elem()
	out.WriteString("{\n")
	for i := range members.NumField() {
		if i > 0 {
			out.WriteString(",\n")
		}
		fmt.Fprintf(&out, "%q: ", members.Type().Field(i).Tag.Get("json"))
		if err := encodeMember(&out, members.Field(i)); err != nil {
			return nil, err
		}
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

func encodeMember(out *bytes.Buffer, v reflect.Value) error {
	if v.Kind() != reflect.Slice {
		text, err := json.Marshal(v.Interface())
		out.Write(text)
		return err
	}
	out.WriteString("[")
	for i := range v.Len() {
		text, err := json.Marshal(v.Index(i).Interface())
		if err != nil {
			return err
		}
		out.WriteString(strings.Repeat(",", min(i, 1)) + "\n\t")
		out.Write(text)
	}
	out.WriteString("\n]")
	return nil
}

// Read reads a file that Write has written.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f File
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if f.Schema != Schema {
		return nil, fmt.Errorf("read %s: %w: %d, this is %d", path, ErrSchema, f.Schema, Schema)
	}
	for i := range f.Cases {
		if err := f.Cases[i].check(); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	for _, c := range f.Curves {
		for _, s := range c.Series {
			for _, p := range s.Points {
				if len(p.Medians) == 0 {
					return nil, fmt.Errorf("read %s: curve %s: %s at %g: no rounds", path, c.Name, s.Name, p.X)
				}
			}
		}
	}
	for _, h := range f.Histograms {
		for _, d := range h.Series {
			if err := checkRounds(d.Rounds); err != nil {
				return nil, fmt.Errorf("read %s: histogram %s: %w", path, h.Name, err)
			}
		}
	}
	return &f, nil
}

func (c *Case) check() error {
	if err := checkRounds(c.Rounds); err != nil {
		return fmt.Errorf("case %s: %w", c.Name, err)
	}
	if (c.Other == nil) != (len(c.OtherRounds) == 0) {
		return fmt.Errorf("case %s: a base and its rounds belong together", c.Name)
	}
	if c.Other == nil {
		return nil
	}
	if err := checkRounds(c.OtherRounds); err != nil {
		return fmt.Errorf("case %s: base: %w", c.Name, err)
	}
	return nil
}

func checkRounds(rounds []*record.Samples) error {
	if len(rounds) == 0 {
		return errors.New("no rounds")
	}
	for _, s := range rounds {
		if s == nil || s.N < 1 || len(s.Quantiles) == 0 {
			return errors.New("a round without samples")
		}
	}
	return nil
}
