// SPDX-License-Identifier: Apache-2.0

package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The harness writes what this package reads: it is compiled here, and reports one of each.
func TestTheHarnessWritesWhatIsRead(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	folder := t.TempDir()
	program, file := filepath.Join(folder, "reports"), filepath.Join(folder, "records")
	build := exec.Command(compiler, "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", program, "testdata/reports.c",
		"../harness.c", "../report.c", "../record.c", "-lm")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	command := exec.Command(program)
	command.Env = []string{"BENCH_RECORDS=" + file}
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := Parse(f)
	if err != nil || len(records) != 6 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	l := records[0].Line
	if l.Name != "with_samples" || l.Batch != 10 || l.Unit != "ns" || l.Base != "base" || l.Samples.Median != 2002 {
		t.Errorf("line = %+v", l)
	}
	if s := l.Own; s.N != 1000 || s.Min != 1 || s.P1 != 10 || s.Median != 500 || s.P99 != 990 || s.P999 != 999 || s.Max != 1000 ||
		len(s.Quantiles) != 200 || s.Quantiles[0] != 3 || s.Quantiles[199] != 998 {
		t.Errorf("samples = %+v", s)
	}
	if len(l.Figures) != 1 || l.Figures[0] != (Figure{"p10", 100, "ns"}) {
		t.Errorf("figures = %+v", l.Figures)
	}
	if l.Text != "back\\slash tab\t7" || l.Goal != "<=5ns" || l.Reached == nil || *l.Reached {
		t.Errorf("text %q, goal %q, reached %v", l.Text, l.Goal, l.Reached)
	}
	if l := records[1].Line; l.Unit != "1/s" || l.Own.Median != 2002 || l.Samples != nil || l.Reached != nil {
		t.Errorf("rate = %+v", l)
	}
	if l := records[2].Line; l.Own.Median != 1500 || l.Samples == nil || l.Samples.Median != 3000 || l.Count != 3 {
		t.Errorf("without samples = %+v", l)
	}
	if p := records[3].Point; p == nil || p.Title != `Cost "of" many` || p.X != 10 || !p.LogX || p.LogY || p.Own.N != 1000 {
		t.Errorf("point = %+v", p)
	}
	if p := records[4].Point; p == nil || p.Series != "floor" || p.X != 0 || p.Own.Median != -1.5 {
		t.Errorf("value = %+v", p)
	}
	if h := records[5].Histogram; h == nil || h.Title != "Lateness" || h.Own.N != 1000 {
		t.Errorf("histogram = %+v", h)
	}
}
