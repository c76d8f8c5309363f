// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"strings"
	"testing"
	"unsafe"

	"libinger/gotcha/internal/standin"
)

func reason() string { return standin.Reason() }

// libraryRequest makes what planLibrary() takes.
func libraryRequest[T any](func(*T) error) *T { return new(T) }

func TestPlanOfOneLibrary(t *testing.T) {
	w := system(t, "libpng16.so.16", "libsqlite3.so.0")
	newFamily(t)
	r := libraryRequest(planLibrary)
	r.plan = newOf((*world).grow)
	setAddress(&r._map, uint64(named(t, w.objects, "libpng16.so.16").LinkMap))
	if err := planLibrary(r); err != nil {
		t.Fatal(err)
	}
	if r.plan.batch_count != 1 || r.plan.entries != nil || r.plan.entry_count != 0 {
		t.Errorf("%d batches, %d entries", r.plan.batch_count, r.plan.entry_count)
	}
	b := r.plan.batches[0]
	var got []string
	for _, m := range unsafe.Slice(b.members, b.member_count) {
		path := text(unsafe.Pointer(m.path))
		got = append(got, path[strings.LastIndexByte(path, '/')+1:])
	}
	if names := strings.Join(got, " "); !strings.HasPrefix(names, "libc.so.6 libz.so.1") || !strings.Contains(names, "libpng16.so.16") || len(got) != 3 {
		t.Errorf("members %s: the library comes after what it needs, and nothing else is there", names)
	}
}

func TestPlansOfOneLibraryThatAreRefused(t *testing.T) {
	w := system(t, "libpng16.so.16")
	tests := map[string]struct {
		at   uint64
		want string
	}{
		"nothing that is loaded": {w.objects[0].low(), "the library is not among the loaded objects"},
		"libm":                   {uint64(named(t, w.objects, "libm.so.6").LinkMap), "libm.so.6 can't be copied: computes"},
		"the program":            {uint64(w.objects[0].LinkMap), "can't be copied: the program itself"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := libraryRequest(planLibrary)
			r.plan = newOf((*world).grow)
			setAddress(&r._map, tc.at)
			if err := planLibrary(r); err == nil || !strings.Contains(err.Error(), tc.want) || r.plan.batch_count != 0 {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

// setAddress sets a pointer of C, whose type tests can't name.
func setAddress[T any](field **T, address uint64) { *field = foreign[T](address) }
