// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write inger(1) anew from the command table")

const manual = "../../docs/man/inger.1"

var (
	typed     = regexp.MustCompile("`([^`]+)`")
	reference = regexp.MustCompile("`([^`]+)`(\\([0-9]\\))")
)

// roff makes text safe for a line of a manual page, and what is to be typed bold.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `…`, `\&...`).Replace(text)
	text = reference.ReplaceAllString(text, `\fB$1\fR$2`)
	text = typed.ReplaceAllString(text, `\fB$1\fR`)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// page is a manual page in the making.
type page struct{ strings.Builder }

func (p *page) line(text string) { p.WriteString(text + "\n") }

// text writes one sentence a line, so that changes of it show as such.
func (p *page) text(text string) {
	for i, paragraph := range paragraphs(text) {
		if i > 0 {
			p.line(".PP")
		}
		for _, sentence := range strings.SplitAfter(paragraph, ". ") {
			p.line(roff(strings.TrimSuffix(sentence, " ")))
		}
	}
}

func (p *page) option(o optionText) {
	name, argument, _ := strings.Cut(o.flag, " ")
	p.line(".TP")
	if argument == "" {
		p.line(".B " + roff(name))
	} else {
		p.line(".BI " + roff(name) + " \" " + argument + "\"")
	}
	p.text(o.meaning)
	if o.variable == "" {
		return
	}
	var rest []string
	if o.limits != "" {
		rest = append(rest, "range: "+roff(o.limits))
	}
	if o.defaults != "" {
		rest = append(rest, "default: "+roff(o.defaults))
	}
	p.line(".br\nVariable")
	if len(rest) == 0 {
		p.line(".BR " + o.variable + " .")
		return
	}
	p.line(".BR " + o.variable + " ;")
	p.line(strings.Join(rest, ";\n") + ".")
}

func (p *page) statuses(statuses []exitStatus) {
	for _, s := range statuses {
		p.line(".TP\n.B " + roff(s.status))
		p.text(s.meaning)
	}
}

// makeManual is inger(1), made from the command table.
func makeManual() string {
	p := &page{}
	p.line(`.\" SPDX-License-Identifier: Apache-2.0`)
	p.line(`.\" Made from the command table by: go generate ./cmd/inger`)
	p.line(`.TH INGER 1 "" "libinger ` + version + `" "User Commands"`)
	p.line(".SH NAME")
	p.line(`inger \- run unmodified programs under libinger`)
	p.line(".SH SYNOPSIS")
	for _, c := range commands() {
		p.line(roff("`inger " + c.name + "`" + strings.TrimPrefix(c.usage(), "inger "+c.name)))
		p.line(".br")
	}
	p.line(roff("`inger --version`"))
	p.line(".SH DESCRIPTION")
	p.text(whatItIs)
	p.line(".SH COMMANDS")
	for _, c := range commands() {
		p.line(".SS " + roff(c.usage()))
		p.text(c.about)
		if c.notes != "" {
			p.line(".PP")
			p.text(c.notes)
		}
		for _, o := range c.options {
			p.option(o)
		}
		for _, section := range c.sections {
			p.line(".PP\n" + roff("`"+section.title+"`") + "\n.PP")
			p.text(section.text)
			p.statuses(section.items)
		}
		if len(c.statuses) > 0 {
			p.line(".PP\nExit status:")
			p.statuses(c.statuses)
		}
	}
	p.line(".SH EXIT STATUS")
	p.line("Where a command does not say otherwise:")
	p.statuses(commonStatuses)
	p.line(".SH ENVIRONMENT")
	p.line("The variables named above, and")
	for _, v := range environment {
		p.line(".TP\n.B " + v.name)
		p.text(v.meaning)
	}
	p.line(".SH EXAMPLES")
	for _, c := range commands() {
		for _, e := range c.examples {
			p.line(".TP")
			p.text(e.purpose)
			p.line(".B " + roff(e.line))
		}
	}
	p.line(".SH SEE ALSO")
	p.line(".BR libinger (7),\n.BR launch (3),\n.BR ld.so (8)")
	return p.String()
}

// environment is what the commands look at besides the variables of options.
var environment = []struct{ name, meaning string }{
	{"LD_PRELOAD", "The library is put in front of what is there. Its path must not contain a blank, a colon or a dollar sign, " +
		"since this variable cannot express them."},
	{"PATH", "Where the program is looked for."},
	{"NO_COLOR", "When it is set and not empty, nothing is coloured. What does not go to a terminal never is."},
}

func TestManualSaysWhatTheTableSays(t *testing.T) {
	want := makeManual()
	if *update {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the command table; run: go generate ./cmd/inger", manual)
	}
}

func TestManualHasNoMistakesOfForm(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff, which would find them, is not here")
	}
	cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
	cmd.Stdin = strings.NewReader(makeManual())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

func TestCommandTableIsComplete(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			for _, text := range []string{c.name, c.summary, c.about} {
				if text == "" {
					t.Error("a text is missing")
				}
			}
			if c.run == nil || len(c.examples) == 0 {
				t.Error("nothing to run, or no example")
			}
			flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
			if c.flags != nil {
				c.flags(flags)
			}
			described := map[string]bool{}
			for _, o := range c.options {
				name, _, _ := strings.Cut(strings.TrimPrefix(o.flag, "--"), " ")
				described[name] = true
				if flags.Lookup(name) == nil {
					t.Errorf("%s is described and not taken", o.flag)
				}
			}
			flags.VisitAll(func(f *pflag.Flag) {
				if !described[f.Name] {
					t.Errorf("--%s is taken and not described", f.Name)
				}
			})
			for name := range c.values {
				if flags.Lookup(name) == nil {
					t.Errorf("there are words for --%s, which is not taken", name)
				}
			}
		})
	}
}

func TestHelpNamesEveryOption(t *testing.T) {
	for _, c := range commands() {
		text := strings.Join(strings.Fields(c.help()), " ")
		for _, o := range c.options {
			if !strings.Contains(text, o.flag) || !strings.Contains(text, o.variable) || !strings.Contains(text, plain(o.meaning)) {
				t.Errorf("inger help %s does not say all of %+v", c.name, o)
			}
		}
		for _, s := range c.statuses {
			if !strings.Contains(text, s.status+" "+plain(s.meaning)) {
				t.Errorf("inger help %s does not say all of %+v", c.name, s)
			}
		}
		for _, e := range c.examples {
			if !strings.Contains(text, plain(e.purpose)+" "+e.line) {
				t.Errorf("inger help %s does not say all of %+v", c.name, e)
			}
		}
		for _, line := range strings.Split(c.help(), "\n") {
			if len(line) > helpWidth+20 {
				t.Errorf("inger help %s has a line of %d bytes: %q", c.name, len(line), line)
			}
		}
	}
}
