// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libinger/elf"
	"libinger/internal/dltest"
	"libinger/internal/fixture"
)

func TestWhichObjectsAreCopied(t *testing.T) {
	f := newFamily(t)
	w := system(t, "libstdc++.so.6", "libz.so.1")
	tests := map[string]struct {
		object *object
		kind   kind
		why    string
	}{
		"the program":                       {f.w.objects[0], program, "the program itself"},
		"what needs libinger.so":            {f.user, program, "it needs libinger.so"},
		"libinger.so":                       {f.inger, one, "this library"},
		"a library":                         {f.base, copied, ""},
		"a library of the system":           {named(t, w.objects, "libz.so.1"), copied, ""},
		"libc, although it brings the heap": {named(t, w.objects, "libc.so.6"), copied, ""},
		"another heap":                      {f.heap, one, "it brings the heap"},
		"the dynamic linker":                {named(t, w.objects, "ld-linux-x86-64.so.2"), one, "the dynamic linker"},
		"libm":                              {named(t, w.objects, "libm.so.6"), one, "computes"},
		"the unwinder":                      {named(t, w.objects, "libgcc_s.so.1"), one, "the unwinder"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if o := tc.object; o.kind != tc.kind || !strings.HasPrefix(o.why, tc.why) || tc.why == "" && o.why != "" {
				t.Errorf("%s: %v (%q), want %v (%q)", o.Name, o.kind, o.why, tc.kind, tc.why)
			}
		})
	}
}

func TestObjectsThatCanNotBeCopied(t *testing.T) {
	const code = `int f(void) { return 3; }`
	parse := func(t *testing.T, path string) *elf.Object {
		o, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.Close() })
		return o
	}
	tests := map[string]struct {
		source string
		flags  []string
		want   kind
		why    string
	}{
		"a plain library":            {code, []string{"-shared", "-fPIC"}, copied, ""},
		"no dynamic section":         {`int main(void) { return 0; }`, []string{"-static"}, one, "it has no dynamic section"},
		"a program at a fixed place": {`int main(void) { return 0; }`, []string{"-no-pie", "-fno-pie"}, one, "it is not position-independent"},
		"relocated text": {`__asm__(".text\n.globl f\nf: movabs $g, %rax\nret\n.data\n.globl g\ng: .quad 0\n");`,
			[]string{"-shared", "-fPIC", "-Wl,-z,notext"}, one, "its text is relocated"},
		"a name with a rule": {code, []string{"-shared", "-fPIC", "-Wl,-soname,libjemalloc.so.2"}, one, "the heap"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, why := classify(parse(t, fixture.Link(t, tc.source, tc.flags...)))
			if got != tc.want || !strings.HasPrefix(why, tc.why) {
				t.Errorf("%v (%q), want %v (%q)", got, why, tc.want, tc.why)
			}
		})
	}
}

// An object whose file is another one by now would be copied from the wrong bytes.
func TestReplacedFilesAreNotCopied(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"replaced": func(path string) error { return os.WriteFile(path, []byte("something else"), 0o600) },
		"removed":  func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			path := fixture.Link(t, `int here;`, "-shared", "-fPIC")
			l, err := dltest.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(l.Close)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			w := system(t)
			for _, o := range w.objects {
				if o.Path == path && (o.kind != one || o.why == "") {
					t.Errorf("%v (%q)", o.kind, o.why)
				}
			}
			if !slices.ContainsFunc(w.objects, func(o *object) bool { return o.Path == path }) {
				t.Error("it is not among the objects")
			}
		})
	}
}

func TestWorldFollowsLoadingAndUnloading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libpassing.so")
	fixture.LinkTo(t, path, `int here(void) { return 1; }`, "-shared", "-fPIC")
	w := system(t)
	before := slices.Clone(w.objects)
	l, err := dltest.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.look(); err != nil {
		t.Fatal(err)
	}
	passing := named(t, w.objects, "libpassing.so")
	if w.copyAt(passing.low()) != passing || w.copyAt(passing.high()-1) != passing {
		t.Error("it is not found by address")
	}
	if at := w.copyAt(passing.high()); at == passing {
		t.Error("it is found behind its end")
	}
	if at := w.copyAt(passing.low() - 1); at == passing {
		t.Error("it is found before its beginning")
	}
	for _, o := range before {
		if !slices.Contains(w.objects, o) {
			t.Errorf("%s was made anew: what was decided about it is lost", o.Name)
		}
	}
	if n := w.global; n >= len(w.objects) {
		t.Errorf("global scope of %d objects has what was opened later", n)
	}
	l.Close()
	if err := w.look(); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(w.objects, passing) || w.copyAt(passing.low()) != nil {
		t.Error("it is still there after it was unloaded")
	}
}

func TestDemotedObjectsAreTheStartingLibsets(t *testing.T) {
	f := newFamily(t)
	f.base.done = true
	f.w.demote(f.base, os.ErrPermission)
	if f.base.kind != one || f.base.why != os.ErrPermission.Error() || f.base.done || f.w.copyAt(f.base.low()) != nil {
		t.Errorf("%v (%q), done %t", f.base.kind, f.base.why, f.base.done)
	}
	if f.w.copyAt(f.w.copies[0].low()) != f.w.copies[0] {
		t.Error("others are not found any more")
	}
}

// made makes objects of names and of what each needs.
func made(list ...string) []*object {
	var out []*object
	for _, text := range list {
		fields := strings.Fields(text)
		out = append(out, &object{Object: &elf.Object{Name: fields[0], SONAME: fields[0], Needed: fields[1:]}, kind: copied})
	}
	return out
}

func names(objects []*object) string {
	var out []string
	for _, o := range objects {
		out = append(out, o.Name)
	}
	return strings.Join(out, " ")
}

func TestOrderOfConstructors(t *testing.T) {
	tests := map[string]struct {
		objects []string
		want    string
	}{
		"what is needed comes first":        {[]string{"a b c", "b c", "c"}, "c b a"},
		"libc before what does not name it": {[]string{"a", "libc.so.6 ld", "b"}, "libc.so.6 b a"},
		"libc after what it needs":          {[]string{"a b", "libc.so.6 b", "b"}, "b libc.so.6 a"},
		"a circle ends":                     {[]string{"a b", "b a"}, "a b"},
		"what is not there is left out":     {[]string{"a gone", "b"}, "b a"},
		"last opened without need is first": {[]string{"a", "b", "c"}, "c b a"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := names(order(made(tc.objects...))); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestGlobalScopeIsWhatWasThereAtTheStart(t *testing.T) {
	tests := map[string]struct {
		objects []string
		want    int
	}{
		"nothing":                      {nil, 0},
		"a program alone":              {[]string{"p"}, 1},
		"dependencies of dependencies": {[]string{"p a", "a b", "b", "late"}, 3},
		"preloaded in between":         {[]string{"p a", "preloaded", "a", "late a"}, 3},
		"a circle":                     {[]string{"p a", "a p a"}, 2},
		"what only a late one needs":   {[]string{"p a", "a", "late b", "b"}, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := globalScope(made(tc.objects...)); got != tc.want {
				t.Errorf("%d, want %d", got, tc.want)
			}
		})
	}
}

func TestScopeOfAnObject(t *testing.T) {
	w := world{objects: made("p a", "a", "plugin helper a", "helper deep", "other", "deep")}
	w.global = globalScope(w.objects)
	tests := map[string]string{
		"p":      "p a plugin helper other deep",
		"plugin": "p a plugin helper deep other",
		"deep":   "p a deep plugin helper other",
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			if got := names(w.scope(named(t, w.objects, name))); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestClosureOfALibrary(t *testing.T) {
	w := world{objects: made("p a", "a b libc.so.6", "b a", "c", "libc.so.6 ld", "ld")}
	tests := map[string]string{
		"a": "a b libc.so.6 ld",
		"c": "c libc.so.6", // libc without being named
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			wanted := w.closure(named(t, w.objects, name))
			var got []*object
			for _, o := range w.objects {
				if wanted[o] {
					got = append(got, o)
				}
			}
			if names(got) != want {
				t.Errorf("%q, want %q", names(got), want)
			}
		})
	}
}

func TestInRELRO(t *testing.T) {
	o := &object{Object: &elf.Object{RELRO: elf.Range{Start: 0x1f80, Size: 0x1100}}}
	tests := map[uint64]bool{0x1f78: false, 0x1f80: true, 0x2ff8: true, 0x3000: false, 0x3078: false}
	for vaddr, want := range tests {
		if got := o.inRELRO(vaddr); got != want {
			t.Errorf("%#x: %v, want %v: the last page is writable when it is not whole", vaddr, got, want)
		}
	}
	if l := o.layout(); l.relroAt != 0x1000 || l.relroBytes != 0x2000 || o.layoutRELRO() != (elf.Range{Start: 0x1000, Size: 0x2000}) {
		t.Errorf("%#x bytes at %#x are made read-only, %+v", l.relroBytes, l.relroAt, o.layoutRELRO())
	}
}
