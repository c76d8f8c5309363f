// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"libinger/bench/result"
)

// ErrMarkers is returned for a document whose markers do not fit together.
var ErrMarkers = errors.New("markers do not fit")

// A document has generated parts, each between two lines:
//
//	<!-- bench: machine -->                on what, how, and how quiet
//	<!-- bench: table launch pause -->     the cases of these groups
//	<!-- bench: picture resume_scale -->   curves and histograms
//	<!-- bench: other -->                  cases and pictures that are nowhere else in the document
//	<!-- bench end -->
//
// What is between them is replaced; the text around belongs to whoever explains the figures.
const (
	beginMarker = "<!-- bench: "
	endMarker   = "<!-- bench end -->"
	markerClose = " -->"
)

type part struct {
	kind  string
	names []string
}

// Refresh is the document with its generated parts made of f, and the names of the pictures it shows. folder is where they
// are, as seen from the document; it ends with a slash.
func Refresh(f *result.File, document, folder string) (string, []string, error) {
	lines := strings.SplitAfter(document, "\n")
	parts, err := findParts(lines)
	if err != nil {
		return "", nil, err
	}
	var out strings.Builder
	var shown []string
	inside := false
	for number, line := range lines {
		p, begins := parts[number]
		switch {
		case begins:
			text, pictures, err := p.generate(f, parts, folder)
			if err != nil {
				return "", nil, fmt.Errorf("line %d: %w", number+1, err)
			}
			shown = append(shown, pictures...)
			out.WriteString(line + "\n" + text + "\n")
			inside = true
		case strings.TrimSpace(line) == endMarker:
			out.WriteString(line)
			inside = false
		case !inside:
			out.WriteString(line)
		}
	}
	return out.String(), shown, nil
}

// findParts finds the beginnings by their line, and checks that each has its end before the next.
func findParts(lines []string) (map[int]part, error) {
	parts := map[int]part{}
	open := 0 // line number of the part that has no end yet
	for number, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == endMarker:
			if open == 0 {
				return nil, fmt.Errorf("%w: line %d ends a part that did not begin", ErrMarkers, number+1)
			}
			open = 0
		case strings.HasPrefix(line, beginMarker) && strings.HasSuffix(line, markerClose):
			if open != 0 {
				return nil, fmt.Errorf("%w: line %d begins a part within that of line %d", ErrMarkers, number+1, open)
			}
			open = number + 1
			words := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(line, beginMarker), markerClose))
			if len(words) == 0 {
				return nil, fmt.Errorf("%w: line %d does not say what", ErrMarkers, number+1)
			}
			parts[number] = part{words[0], words[1:]}
		}
	}
	if open != 0 {
		return nil, fmt.Errorf("%w: the part of line %d has no end", ErrMarkers, open)
	}
	return parts, nil
}

func (p part) generate(f *result.File, all map[int]part, folder string) (string, []string, error) {
	switch p.kind {
	case "machine":
		return machineTable(f), nil, nil
	case "table":
		// A quick look at a few groups has not all that a document shows: what is not there is said.
		text := Table(f, p.names)
		if text == "" {
			text = "Not in this result.\n"
		}
		return text, nil, nil
	case "picture":
		text, shown := pictures(f, p.names, folder)
		if text == "" {
			text = "Not in this result.\n"
		}
		return text, shown, nil
	case "other":
		text := Table(f, rest(groupNames(f), all, "table"))
		drawn, shown := pictures(f, rest(Pictures(f), all, "picture"), folder)
		return strings.TrimLeft(text+"\n"+drawn, "\n"), shown, nil
	}
	return "", nil, fmt.Errorf("%w: %q is not machine, table, picture or other", ErrMarkers, p.kind)
}

func pictures(f *result.File, names []string, folder string) (string, []string) {
	var images, shown []string
	for _, name := range names {
		if slices.Contains(Pictures(f), name) {
			images = append(images, picture(f, folder, name))
			shown = append(shown, name)
		}
	}
	return strings.Join(images, "\n"), shown
}

// rest is what no part of this kind names.
func rest(names []string, all map[int]part, kind string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		for _, p := range all {
			if p.kind == kind && slices.Contains(p.names, name) {
				return true
			}
		}
		return false
	})
}
