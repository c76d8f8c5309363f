// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the OPTIONS section of inger(1) from the table")

const (
	manual       = "../../docs/man/inger.1"
	manualBegins = ".\\\" Begin of what is made from the option table: go test ./cmd/inger -run Manual -update\n"
	manualEnds   = ".\\\" End of what is made from the option table.\n"
)

// roff makes text safe for a line of a manual page.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `…`, `\&...`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// manualOptions is the OPTIONS section: the same rows as `inger help run`.
func manualOptions() string {
	var text strings.Builder
	for _, row := range helpRows() {
		name, argument, _ := strings.Cut(row.flag, " ")
		text.WriteString(".TP\n")
		if argument == "" {
			text.WriteString(".B " + roff(name) + "\n")
		} else {
			text.WriteString(".BI " + roff(name) + " \" " + argument + "\"\n")
		}
		for _, sentence := range strings.SplitAfter(row.meaning, ". ") {
			text.WriteString(roff(strings.TrimSuffix(sentence, " ")) + "\n")
		}
		if row.variable != "" {
			text.WriteString(".br\nVariable\n.BR " + row.variable)
			if row.limits != "" {
				text.WriteString(" ;\nrange: " + roff(row.limits) + ";")
			}
			if row.defaults != "" {
				if row.limits == "" {
					text.WriteString(" ;")
				}
				text.WriteString("\ndefault: " + roff(row.defaults) + ".")
			}
			text.WriteString("\n")
		}
	}
	return text.String()
}

func TestManualSaysWhatTheTableSays(t *testing.T) {
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), manualBegins)
	section, after, ok2 := strings.Cut(rest, manualEnds)
	if !ok || !ok2 {
		t.Fatalf("%s: no place for the options between\n%s%s", manual, manualBegins, manualEnds)
	}
	want := manualOptions()
	if section == want {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the option table; run: go test ./cmd/inger -run Manual -update\ngot:\n%s\nwant:\n%s", manual, section, want)
	}
	if err := os.WriteFile(manual, []byte(before+manualBegins+want+manualEnds+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestHelpNamesEveryOption(t *testing.T) {
	text := strings.Join(strings.Fields(runHelp()), " ")
	for _, row := range helpRows() {
		if !strings.Contains(text, row.flag) || !strings.Contains(text, row.variable) || !strings.Contains(text, row.meaning) {
			t.Errorf("inger help run does not say all of %+v", row)
		}
	}
}
