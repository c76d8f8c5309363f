// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	facts "libinger/inspect"
)

// inspectView writes a report for people.
type inspectView struct {
	paint    painter
	all, raw bool
	out      strings.Builder
}

func (v *inspectView) text(r *facts.Report) string {
	v.head(r)
	v.objects(r)
	v.missing(r)
	for i := range r.Objects {
		if i == 0 || v.all {
			v.unreached(&r.Objects[i])
		}
	}
	v.cost(r)
	for i := range r.Objects {
		if i == 0 || v.all {
			v.copies(&r.Objects[i])
			v.ifuncs(&r.Objects[i])
			v.entries(&r.Objects[i])
		}
	}
	if !v.all && len(r.Objects) > 1 {
		v.line("(--all shows the entries of the other objects as well)")
	}
	return v.out.String()
}

func (v *inspectView) line(format string, args ...any) { fmt.Fprintf(&v.out, format+"\n", args...) }

func (v *inspectView) title(format string, args ...any) {
	v.line("\n%s", v.paint.paint(bold, fmt.Sprintf(format, args...)))
}

// table aligns rows of cells.
func (v *inspectView) table(rows [][]string) {
	table := tabwriter.NewWriter(&v.out, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, "  "+strings.Join(row, "\t")) // a strings.Builder does not fail
	}
	_ = table.Flush()
}

func (v *inspectView) name(symbol, demangled string) string {
	if v.raw || demangled == "" {
		return printable(symbol)
	}
	return printable(demangled)
}

func (v *inspectView) head(r *facts.Report) {
	what := "library"
	if r.Interpreter != "" && r.Objects[0].Treatment == facts.TreatProgram {
		what = "program, loaded by " + printable(r.Interpreter)
	}
	if r.PID != 0 {
		what = "process " + strconv.Itoa(r.PID) + ", " + plural(r.Namespaces, "namespace")
	}
	v.line("%s: %s, %s", v.paint.paint(bold, printable(r.Path)), what, plural(len(r.Objects), "object"))
	switch {
	case r.Libinger != "":
		v.line("libinger is there: %s", printable(r.Libinger))
	case r.PID != 0:
		v.line("libinger is not there")
	}
	for _, note := range r.Notes {
		v.line("note: %s", printable(note))
	}
}

func (v *inspectView) objects(r *facts.Report) {
	v.title("Objects")
	head := []string{"#", "OBJECT", "TREATMENT", "PLT", "GOT", "POINTER", "COPY", "TLS", "IFUNC", "TLS BYTES", "PRIVATE", "PATH"}
	process := r.PID != 0
	if process {
		head = slices.Insert(head, 2, "NAMESPACE", "COPIES")
	}
	rows := [][]string{head}
	for _, o := range r.Objects {
		n := o.Relocations
		path := printable(o.Path)
		if o.Found != "" && o.Number > 0 {
			path += " (" + o.Found + ")"
		}
		tls := strconv.FormatUint(o.TLSBytes, 10)
		if o.InitialExec {
			tls += " static"
		}
		row := []string{strconv.Itoa(o.Number), printable(o.Name), o.Treatment, strconv.Itoa(n.PLT), strconv.Itoa(n.GOT),
			strconv.Itoa(n.Pointer), strconv.Itoa(n.Copy), strconv.Itoa(n.TLS), strconv.Itoa(len(o.IFUNCs) + n.Irelative), tls,
			kib(o.PrivateBytes), path}
		if process {
			row = slices.Insert(row, 2, strconv.Itoa(o.Namespace), strconv.Itoa(o.Copies))
		}
		rows = append(rows, row)
	}
	v.table(rows)
	for _, o := range r.Objects {
		if o.Treatment == facts.TreatOne {
			v.line("  %s is one for all libsets: %s", printable(o.Name), o.Why)
		}
	}
}

func (v *inspectView) missing(r *facts.Report) {
	for _, m := range r.Missing {
		v.line("  %s", v.paint.paint(red, "missing: "+printable(m.Name)+", needed by "+printable(m.NeededBy)+": "+printable(m.Reason)))
	}
}

func (v *inspectView) unreached(o *facts.Object) {
	if len(o.Unreached) == 0 {
		return
	}
	v.title("Not reached by rewriting in %s", printable(o.Name))
	for _, f := range o.Unreached {
		v.line("  %s: %s", f.Kind, printable(f.Detail))
		v.line("      %s", f.Matters)
	}
}

func (v *inspectView) cost(r *facts.Report) {
	v.title("Thread-local variables and libsets")
	t, l := r.StaticTLS, r.Libsets
	late := ""
	if t.Late > 0 {
		late = fmt.Sprintf(", of which %d are taken", t.Late)
	}
	v.line("  static TLS: %d bytes in each thread and call; the dynamic linker keeps %d more for objects that come later%s",
		t.Bytes, t.Surplus, late)
	v.line("  a libset needs %d bytes of it: its copies use the call's", l.TLSBytes)
	if l.Objects == 0 {
		v.line("  no object is copied")
		return
	}
	v.line("  a libset: %s, %d mappings with its call, %s of private memory from the beginning, %s of address space",
		plural(l.Objects, "object"), l.Mappings, kib(l.PrivateBytes), kib(l.AddressBytes))
	v.line("  that fit: %d by mappings (vm.max_map_count %d, %d taken), %d by memory (%s available now)",
		l.FitMappings, l.MaxMappings, l.OwnMappings, l.FitMemory, mib(l.AvailableMemory))
	if r.PID != 0 {
		v.line("  there now: %d", l.Now)
	}
}

func (v *inspectView) copies(o *facts.Object) {
	var rows [][]string
	for _, e := range o.Entries {
		if e.Kind == "copy" {
			rows = append(rows, []string{e.Bound.Object, v.name(e.Symbol, e.Demangled)})
		}
	}
	if len(rows) > 0 {
		v.title("Variables of libraries that are in %s (copy relocations): %d", printable(o.Name), len(rows))
		v.table(rows)
	}
}

func (v *inspectView) ifuncs(o *facts.Object) {
	if len(o.IFUNCs) == 0 {
		return
	}
	v.title("Exports of %s that a resolver chooses (IFUNC): %d", printable(o.Name), len(o.IFUNCs))
	var names []string
	for _, f := range o.IFUNCs {
		names = append(names, v.name(f.Symbol, f.Demangled))
	}
	slices.Sort(names)
	wrap(&v.out, strings.Join(slices.Compact(names), " "), "  ", helpWidth)
}

// entries lists an object's entries by class and reason.
func (v *inspectView) entries(o *facts.Object) {
	type group struct{ class, why string }
	groups := map[group][][]string{}
	var order []group
	for _, e := range o.Entries {
		g := group{e.Class, e.Why}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], []string{e.Kind, boundText(&e), e.Version, v.name(e.Symbol, e.Demangled) + elsewhere(&e)})
	}
	if len(order) == 0 {
		return
	}
	slices.SortFunc(order, func(a, b group) int {
		if c := strings.Compare(a.class, b.class); c != 0 {
			return c
		}
		return strings.Compare(a.why, b.why)
	})
	v.title("Entries of %s, by class: %d", printable(o.Name), len(o.Entries))
	for _, g := range order {
		v.line("  %s (%d): %s", v.paint.paint(bold, g.class), len(groups[g]), g.why)
		rows := groups[g]
		slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[3], b[3]) })
		for i := range rows {
			rows[i][0] = "  " + rows[i][0]
		}
		v.table(rows)
	}
}

// boundText is the object and, where it is not the plain case, the state.
func boundText(e *facts.Entry) string {
	text := "-"
	if e.Bound.Object != "" {
		text = printable(e.Bound.Object)
	}
	if e.Bound.State != facts.StateBound {
		text += " (" + e.Bound.State + ")"
	}
	return text
}

// elsewhere names what an entry leads to when that is not what it asks for.
func elsewhere(e *facts.Entry) string {
	if e.Bound.Symbol == "" || e.Bound.Symbol == e.Symbol {
		return ""
	}
	return " → " + printable(e.Bound.Symbol)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func kib(n uint64) string { return strconv.FormatUint((n+1023)>>10, 10) + " KiB" }
func mib(n uint64) string { return strconv.FormatUint(n>>20, 10) + " MiB" }
