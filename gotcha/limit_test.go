// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"libinger/elf"
	"libinger/gotcha/internal/standin"
	"libinger/internal/dltest"
	"libinger/internal/fixture"
)

// newFor makes what a method of limits takes a pointer to, a request.
func newFor[T any](func(*limits, *T)) *T { return new(T) }

// say gives a field of C a text.
func say[T any](field **T, text string) { *field = (*T)(standin.Text(text)) }

// limited puts rules in force for this process, which are none when the test ends.
func limited(t *testing.T, rules string) {
	t.Helper()
	t.Cleanup(func() { the, theLimits = world{}, limits{} })
	the, theLimits = world{}, limits{}
	request := newFor((*limits).read)
	say(&request.rules, rules)
	if gotcha_go_limits(request) != 0 {
		t.Fatal(standin.Reason())
	}
}

// more does what happens after dlopen().
func more(t *testing.T) {
	t.Helper()
	if gotcha_go_limits(newFor((*limits).read)) != 0 {
		t.Fatal(standin.Reason())
	}
}

func TestCallsOfLimitedFunctionsGoThroughStubs(t *testing.T) {
	tests := map[string]struct {
		rule string
		// Calls through stubs: by the PLT, a pointer in data, a table of virtual functions; a library's of its own function.
		add, pointer, virtual, use, match, asks uint64
	}{
		"a function":                    {"add=1s", 1, 1, 0, 1, 0, 0},
		"a function in tables alone":    {"twice=1s", 0, 0, 1, 1, 0, 0},
		"a pattern":                     {"a?d=1s", 1, 1, 0, 1, 0, 0},
		"of a library by a pattern":     {"libbase*.so.1:add=1s", 1, 1, 0, 1, 0, 0},
		"of a library without version":  {"libbase*.so:add=1s", 1, 1, 0, 1, 0, 0},
		"of another library":            {"libz.so.1:add=1s", 0, 0, 0, 0, 0, 0},
		"everything of a library":       {"libbase*:*=1s", 1, 1, 1, 3, 1, 2},
		"a C++ name":                    {"Regex::match=1s", 0, 0, 0, 0, 1, 0},
		"a C++ name with parameters":    {"*:Regex::match(int)=1s", 0, 0, 0, 0, 1, 0},
		"a mangled name":                {"_ZN5Regex*=1s", 0, 0, 0, 0, 1, 0},
		"a part of a C++ name is none":  {"match=1s", 0, 0, 0, 0, 0, 0},
		"one name of two versions":      {"ask=1s", 0, 0, 0, 0, 0, 2},
		"what a resolver has chosen":    {"chosen=1s", 0, 0, 0, 1, 0, 0},
		"only the first rule has words": {"nothing=1s\nadd=1s:log", 1, 1, 0, 1, 0, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFamily(t)
			limited(t, tc.rule)
			count := func(what string, want uint64, call func()) {
				t.Helper()
				before := standin.Limited()
				if call(); standin.Limited()-before != want {
					t.Errorf("%s: %d calls went through stubs, want %d", what, standin.Limited()-before, want)
				}
			}
			user := func(symbol string, want int32) func() {
				return func() {
					if got := f.call(t, symbol, 5); got != want {
						t.Errorf("%s: %d, want %d", symbol, got, want)
					}
				}
			}
			count("PLT", tc.add, user("call_add", 6))
			count("pointer", tc.pointer, user("call_pointer", 6))
			count("virtual function", tc.virtual, user("call_virtual", 10))
			count("C++ function", tc.match, user("call_match", 25))
			count("two versions", tc.asks, user("call_asks", 12))
			count("library", tc.use, func() {
				if got := dltest.Call(uintptr(f.base.address(t, "use", "")), 0); int32(got) != 107 {
					t.Errorf("use: %d", int32(got))
				}
			})
			if told := standin.Told(); told != "" {
				t.Error(told)
			}
		})
	}
}

func TestStubsOfTheSystemsLibraries(t *testing.T) {
	w := system(t, "libpng16.so.16")
	png := named(t, w.objects, "libpng16.so.16")
	r := png.relocation(t, "inflate", func(elf.Relocation) bool { return true })
	before := wordAt(png.Base + r.Offset)
	limited(t, "libz.so:*=20ms:return=-1")
	if after := wordAt(png.Base + r.Offset); after == before || theLimits.function(after) != named(t, w.objects, "libz.so.1").address(t, "inflate", "") {
		t.Errorf("libpng's word for inflate() is %#x, was %#x", after, before)
	}
	// Of the same library's functions each has one stub, and there is none for others'.
	for at, s := range theLimits.made {
		if o := w.copyAt(s.function); o == nil || o.Name != "libz.so.1" || theLimits.stubs[s.function].at != at {
			t.Errorf("a stub for %#x", s.function)
		}
	}
	if len(theLimits.made) < 10 {
		t.Errorf("%d functions have stubs", len(theLimits.made))
	}
}

func TestALimitIsWhatTheFirstRuleSays(t *testing.T) {
	f := newFamily(t)
	limited(t, f.base.Name+":twice=3ms:return=-5\n"+f.base.Name+":*=2s:return=ETIMEDOUT\n"+f.base.Name+":add=1s:signal=USR1")
	limitOf := func(symbol string) (budget uint64, value uint64, errno int, name, ends string) {
		stub := theLimits.stubs[f.base.address(t, symbol, "")].at
		s, made := theLimits.made[stub]
		if !made {
			t.Fatalf("%s has no stub", symbol)
		}
		l := s.limit
		if uint64(l.target) != s.function {
			t.Errorf("%s: the stub leads to %#x, want %#x", symbol, l.target, s.function)
		}
		return uint64(l.budget_us), uint64(l.value), int(l.error), text(unsafe.Pointer(l.name)), text(unsafe.Pointer(l.ends))
	}
	if budget, value, errno, name, ends := limitOf("twice"); budget != 3000 || value != ^uint64(4) || errno != 0 || name != f.base.Name+":twice" || !strings.Contains(ends, "-5") {
		t.Errorf("twice: %d us, %#x, errno %d, %s, %s", budget, value, errno, name, ends)
	}
	if budget, value, errno, name, _ := limitOf("_ZN5Regex5matchEi"); budget != 2000000 || value != ^uint64(0) || errno != 110 || name != f.base.Name+":Regex::match" {
		t.Errorf("Regex::match: %d us, %#x, errno %d, %s", budget, value, errno, name)
	}
	if budget, _, _, _, _ := limitOf("add"); budget != 2000000 {
		t.Errorf("add: %d us, the last rule's", budget)
	}
	counts := [3]uint32{}
	for i := range theLimits.told {
		counts[i] = uint32(theLimits.told[i].functions)
	}
	if counts[0] != 1 || counts[1] < 5 || counts[2] != 0 {
		t.Errorf("functions of the rules: %v", counts)
	}
}

// text is the C string at an address.
func text(at unsafe.Pointer) string {
	n := 0
	for *(*byte)(unsafe.Add(at, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(at), n))
}

func TestStubIsTwoInstructions(t *testing.T) {
	var l limits
	const record = 0x123456789abcdef0
	first, err := l.write(record)
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.write(record + 1)
	if err != nil || second != first+stubBytes {
		t.Errorf("the second stub is at %#x (%v), the first at %#x", second, err, first)
	}
	want := append(binary.LittleEndian.AppendUint64([]byte{0x49, 0xbb}, record), 0x41, 0xff, 0x23)
	if got := unsafe.Slice(foreign[byte](first), len(want)); !bytes.Equal(got, want) {
		t.Errorf("% x, want movabs $record, %%r11; jmp *(%%r11): % x", got, want)
	}
	if p := mappedPages(t)[first&^(pageBytes-1)]; p.protection != 5 {
		t.Errorf("stubs are on a page with protection %#x", p.protection)
	}
	for i := 2; i <= pageBytes/stubBytes; i++ {
		if _, err := l.write(record); err != nil {
			t.Fatalf("stub %d: %v", i, err)
		}
	}
}

func TestDlsymGivesTheStub(t *testing.T) {
	f := newFamily(t)
	limited(t, "add=1s")
	ask := func(symbol string, address uint64) uint64 {
		request := newFor((*limits).read)
		say(&request.symbol, symbol)
		*(*uint64)(unsafe.Pointer(&request.address)) = address
		if gotcha_go_limits(request) != 0 {
			t.Fatal(standin.Reason())
		}
		return uint64(request.address)
	}
	add, twice := f.base.address(t, "add", ""), f.base.address(t, "twice", "")
	stub := ask("add", add)
	if stub == add || stub != theLimits.stubs[add].at {
		t.Errorf("add() at %#x, its stub at %#x", stub, theLimits.stubs[add].at)
	}
	if again := ask("add", stub); again != stub {
		t.Errorf("asked for the stub: %#x, not %#x", again, stub)
	}
	if got := ask("twice", twice); got != twice {
		t.Errorf("a function without a limit: %#x, not %#x", got, twice)
	}
	if number := f.base.address(t, "number", ""); ask("add", number) != number {
		t.Error("a variable has a stub")
	}
	if got := ask("add", 0x10); got != 0x10 {
		t.Errorf("an address in no object: %#x", got)
	}
}

func TestFunctionsThatCanNotHaveALimit(t *testing.T) {
	f := newFamily(t)
	limited(t, "nothing=1s")
	request := newFor((*limits).read)
	say(&request.rules, "*:dlsym=1s\n*=1s")
	theLimits.read(request) // and not for the words of this program, which would stay so
	dlsym := named(t, f.w.objects, "libc.so.6").address(t, "dlsym", "")
	if stub, err := theLimits.stub("dlsym", dlsym); stub != 0 || err != nil {
		t.Errorf("dlsym() has a stub at %#x, %v", stub, err)
	}
	if stub, err := theLimits.stub("dlopen", named(t, f.w.objects, "libc.so.6").address(t, "dlopen", "")); stub != 0 || err != nil {
		t.Errorf("dlopen() has a stub at %#x, %v", stub, err)
	}
	if told := standin.Told(); !strings.HasPrefix(told, "a function has no limit: libc.so.6:dlsym: it looks at who calls it") || strings.Count(told, "\n") != 1 {
		t.Errorf("who names it is told, and nobody else: %q", told)
	}
}

func TestCallsOfLibcAndTheLinkerHaveNoLimits(t *testing.T) {
	f := newFamily(t)
	for name, want := range map[string]bool{"libc.so.6": false, "ld-linux-x86-64.so.2": false, "libinger.so.0": false,
		f.base.Name: true, f.user.Name: true, f.w.objects[0].Name: true} {
		if got := callsThrough(f.object(t, name)); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestDefinersOfFunctions(t *testing.T) {
	f := newFamily(t)
	limited(t, "nothing=1s")
	inger := f.inger.address(t, "inger", "")
	tests := map[string]struct {
		symbol  string
		address uint64
		want    string
	}{
		"a library's":         {"add", f.base.address(t, "add", ""), f.base.Name},
		"a wrapper is libc's": {"read", inger, "libc.so.6"},
		"our own function":    {"inger_launch", inger, ""},
		"nowhere":             {"add", 0x10, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o, got := definer(tc.symbol, tc.address)
			if got != tc.want || (o == nil) != (tc.want == "") {
				t.Errorf("%q (%t), want %q", got, o != nil, tc.want)
			}
		})
	}
}

func TestRulesOfBothOptions(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "limits")
	writeFile(t, path, "png_*=1s\njpeg_*=2s\n")
	tests := map[string]struct {
		rules, file string
		want        string
		told        string
	}{
		"the list is first":              {"inflate=3s", path, "inflate=3s png_*=1s jpeg_*=2s", ""},
		"the list alone":                 {"inflate=3s", "", "inflate=3s", ""},
		"the file alone":                 {"", path, "png_*=1s jpeg_*=2s", ""},
		"none and none":                  {"none", "none", "", ""},
		"none and the file":              {"none", path, "png_*=1s jpeg_*=2s", ""},
		"a wrong list leaves the file's": {"inflate=3", path, "png_*=1s jpeg_*=2s", "functions have no limits: INGER_LIMITS: "},
		"a missing file":                 {"inflate=3s", path + "x", "inflate=3s", "functions have no limits: INGER_CONFIG: " + path + "x"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			request := newFor((*limits).read)
			if tc.rules != "" {
				say(&request.rules, tc.rules)
			}
			if tc.file != "" {
				say(&request.file, tc.file)
			}
			var l limits
			l.read(request)
			var got []string
			for i, rule := range l.rules {
				got = append(got, rule.String())
				if told := text(unsafe.Pointer(l.told[i].text)); told != rule.String() {
					t.Errorf("rule %d is %q to C", i, told)
				}
			}
			told := standin.Told()
			if strings.Join(got, " ") != tc.want || len(l.told) != len(l.rules) || !strings.HasPrefix(told, tc.told) || tc.told == "" && told != "" {
				t.Errorf("%q, told %q, want %q", got, told, tc.want)
			}
		})
	}
}

// A library that is loaded where another one was has functions of its own.
func TestALibraryThatComesWhereAnotherOneWas(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "libfirst.so"), filepath.Join(dir, "libsecond.so")
	const source = `int slow(void) { return 4; } int call(void) { return slow(); }`
	for _, path := range []string{first, second} {
		fixture.LinkTo(t, path, source, "-shared", "-fPIC", "-O0", "-Wl,-soname,"+filepath.Base(path))
	}
	open := func(path string) (dltest.Library, *object) {
		l, err := dltest.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		more(t)
		return l, named(t, the.objects, filepath.Base(path))
	}
	limited(t, "libsecond.so:slow=1s")
	a, was := open(first)
	at := was.Base
	a.Close()
	b, is := open(second)
	defer b.Close()
	if is.Base != at {
		t.Skip("the linker put it somewhere else")
	}
	before := standin.Limited()
	if got := dltest.Call(b.Symbol("call", ""), 0); got != 4 || standin.Limited() != before+1 {
		t.Errorf("%d, %d calls through a stub, want 1", got, standin.Limited()-before)
	}
}

// And one that comes back has words that nobody has seen.
func TestALibraryThatComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libback.so")
	fixture.LinkTo(t, path, `int slow(void) { return 4; } int call(void) { return slow(); }`, "-shared", "-fPIC", "-O0", "-Wl,-soname,libback.so")
	limited(t, "slow=1s")
	for round := range 3 {
		l, err := dltest.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		more(t)
		before := standin.Limited()
		if dltest.Call(l.Symbol("call", ""), 0); standin.Limited() != before+1 {
			t.Errorf("round %d: %d calls through a stub, want 1", round, standin.Limited()-before)
		}
		l.Close()
	}
}
