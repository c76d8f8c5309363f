// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"libinger/elf"
	_ "libinger/gotcha/internal/standin"
	"libinger/internal/dltest"
	"libinger/internal/fixture"
)

// A library to be copied.
const baseSource = `
__thread int in_thread = 3;
int number = 1, referred = 2, both = 3;
int add(int x) { return x + number; }
int twice(int x) { return 2 * x; }
int old_ask(void) { return 1; }
int new_ask(void) { return 2; }
__asm__(".symver old_ask, ask@V1\n.symver new_ask, ask@@V2");
static int chosen_one(int x) { return x + 100; }
static int (*choose(void))(int) { return chosen_one; }
int chosen(int) __attribute__((ifunc("choose")));
void *table[4] __attribute__((visibility("protected"))) = {add, 0, &number, twice};
void **table_of_base(void) { return table; }
void *_ZTV4Base[4] = {0, 0, add, twice};
int match(int x) __asm__("_ZN5Regex5matchEi");
int match(int x) { return x * x; }
int use(void) { return in_thread + chosen(add(twice(1))) + number; }
static int begun;
__attribute__((constructor)) static void begin(void) { begun++; }
__attribute__((destructor)) static void end(void) { begun--; }
__asm__(".pushsection .data\n.globl once\n.type once, @gnu_unique_object\n.size once, 4\nonce: .long 5\n.popsection");
`

const baseVersions = `V1 { global: *; }; V2 { } V1;`

// A part of the program: it needs libinger.so.0.
const userSource = `
#include <string.h>
extern int add(int), twice(int), old(void), ask(void), chosen(int), absent(void) __attribute__((weak));
__asm__(".symver old, ask@V1");
extern int match(int) __asm__("_ZN5Regex5matchEi");
extern int number, once;
extern void *_ZTV4Base[], **table_of_base(void);
int own(int x) { return -x; }
int (*pointer)(int) = add;
int (*chosen_pointer)(int) = chosen;
int (*changed)(int) = twice;
char *past = (char *)add + 1;
void **object = _ZTV4Base + 2;
void *table[4] = {own};
int *number_at(void) { return &number; }
int *once_at(void) { return &once; }
int call_add(int x) { return add(x); }
int call_pointer(int x) { return pointer(x); }
int call_virtual(int x) { return ((int (*)(int))object[1])(x); }
int call_table(int x) { return ((int (*)(int))table[3])(x); }
int call_asks(void) { return 10 * old() + ask(); }
int call_match(int x) { return match(x); }
int call_absent(void) { return absent ? absent() : 7; }
void *address_of_twice(void) { return twice; }
__attribute__((constructor)) static void begin(void)
{
	changed = own;
	memcpy(table, table_of_base(), sizeof table);
}
`

// A library of which there is one, since it brings a heap; it refers to a variable of the base.
const heapSource = `
extern int referred, both, twice(int);
void *malloc(unsigned long n) { return &both + referred + (long)twice; }
`

// family is a few objects that were made for one test and are loaded. Their names are the family's own, since the dynamic
// linker takes a library that is loaded for any other of its name.
type family struct {
	w                       *world
	base, user, heap, inger *object
	close                   func()
}

var families int

func newFamily(t *testing.T) *family {
	t.Helper()
	families++
	f := &family{w: &world{referred: map[uint64]bool{}, entries: map[uint64]uint32{}, tables: map[uint64]uint64{}}}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	base, user, heap := fmt.Sprintf("libbase%d.so.1", families), fmt.Sprintf("libuser%d.so", families), fmt.Sprintf("libheap%d.so", families)
	shared := func(name, source string, flags ...string) {
		t.Helper()
		fixture.LinkTo(t, path(name), source, append([]string{"-shared", "-fPIC", "-O1", "-Wl,-z,lazy", "-Wl,-z,relro", "-Wl,-soname," + name, "-Wl,-rpath," + dir}, flags...)...)
	}
	writeFile(t, path("versions"), baseVersions)
	shared(base, baseSource, "-Wl,--version-script="+path("versions"))
	shared("libinger.so.0", `int inger(void) { return 1; }`)
	shared(heap, heapSource, path(base))
	shared(user, userSource, "-Wl,--no-as-needed", path(base), path("libinger.so.0"))
	for _, name := range []string{heap, user} {
		f.open(t, path(name))
	}
	f.look(t)
	f.base, f.user, f.heap, f.inger = f.object(t, base), f.object(t, user), f.object(t, heap), f.object(t, "libinger.so.0")
	return f
}

// open loads an object until the test ends; close is about the last.
func (f *family) open(t *testing.T, path string) {
	t.Helper()
	l, err := dltest.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.close = sync.OnceFunc(l.Close)
	t.Cleanup(f.close)
}

func (f *family) look(t *testing.T) {
	t.Helper()
	if err := f.w.look(); err != nil {
		t.Fatal(err)
	}
}

// object finds an object by its name, the last of that name.
func (f *family) object(t *testing.T, name string) *object { return named(t, f.w.objects, name) }

func named(t *testing.T, objects []*object, name string) *object {
	t.Helper()
	for i := len(objects) - 1; i >= 0; i-- {
		if objects[i].Name == name {
			return objects[i]
		}
	}
	t.Fatalf("%s is not among the objects", name)
	return nil
}

// address is where a symbol that an object defines is.
func (o *object) address(t *testing.T, symbol, version string) uint64 {
	t.Helper()
	s, found := o.Lookup(symbol, version)
	if !found {
		t.Fatalf("%s does not define %s", o.Name, symbol)
	}
	return o.Base + s.Value
}

// call calls a function of the user's.
func (f *family) call(t *testing.T, symbol string, argument int32) int32 {
	t.Helper()
	return int32(dltest.Call(uintptr(f.user.address(t, symbol, "")), uintptr(argument)))
}

// wordAt is the word of this process at an address.
func wordAt(address uint64) uint64 { return *foreign[uint64](address) }

// relocation finds the relocation of a word by the name of its symbol.
func (o *object) relocation(t *testing.T, symbol string, want func(elf.Relocation) bool) elf.Relocation {
	t.Helper()
	for r, err := range o.Relocations() {
		if err != nil {
			t.Fatal(err)
		}
		if s, err := o.Symbol(r.Symbol); err == nil && s.Name == symbol && want(r) {
			return r
		}
	}
	t.Fatalf("%s has no such relocation of %s", o.Name, symbol)
	return elf.Relocation{}
}

// system loads libraries of the system, and gives a world with them.
func system(t *testing.T, names ...string) *world {
	t.Helper()
	w := &world{referred: map[uint64]bool{}, entries: map[uint64]uint32{}, tables: map[uint64]uint64{}}
	for _, name := range names {
		l, err := dltest.Open(fixture.SystemFile(t, name))
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(l.Close)
	}
	if err := w.look(); err != nil {
		t.Fatal(err)
	}
	return w
}

var systemLibraries = []string{"libz.so.1", "libpng16.so.16", "libsqlite3.so.0", "libstdc++.so.6"}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
