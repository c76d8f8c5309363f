// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"debug/elf"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// stdcxxPath is the C++ library that the table of data was written for.
const stdcxxPath = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"

// startingOnly are functions that the starting libc alone may run, because it alone knows what they are given or change:
// streams, threads, signals, children, loaded objects, exit handlers, the heap, and what the whole process sees.
const startingOnly = `
	fopen fclose fflush fread fwrite fgets fputs fprintf printf puts getline setmntent getmntent getmntent_r endmntent
	fgetpwent fgetpwent_r fgetgrent fgetgrent_r fgetspent fgetspent_r fgetsgent fgetsgent_r
	putpwent putgrent putspent putsgent addmntent getpass perror error syslog
	pthread_create pthread_mutex_lock pthread_once pthread_key_create sem_open timer_create
	signal sigaction sigprocmask abort raise longjmp
	fork vfork posix_spawn system popen pclose wordexp execve exit _exit quick_exit on_exit __cxa_atexit
	__cxa_at_quick_exit __cxa_finalize __cxa_thread_atexit_impl __register_atfork
	dlopen dlclose dlsym dlvsym dladdr dlinfo dlerror dl_iterate_phdr _dl_find_object backtrace
	malloc calloc realloc free memalign brk sbrk mallopt
	setenv unsetenv putenv clearenv getenv umask chdir setuid setlocale uselocale newlocale freelocale
	textdomain bindtextdomain __nss_configure_lookup register_printf_function lckpwdf strerror strsignal`

func TestWhatOnlyTheStartingLibcKnowsIsNotPerLibset(t *testing.T) {
	for _, symbol := range strings.Fields(startingOnly) {
		if r, ok := Lookup(symbol); !ok {
			t.Errorf("%s has no row", symbol)
		} else if r.Class == PerLibset {
			t.Errorf("%s is %v, which the starting libc alone may run", symbol, r.Class)
		}
	}
}

// The stdio functions that take a FILE are those with a stream, their variants, and all with an internal name.
func TestNoPerLibsetFunctionTakesAStream(t *testing.T) {
	var files []string
	for _, table := range [][]group{stdioTable, stdioInternalTable} {
		for _, g := range table {
			if g.class != PerLibset {
				files = append(files, strings.Fields(g.symbols)...)
			}
		}
	}
	without := []string{"getopt", "getopt_long", "getopt_long_only", "__posix_getopt", "tmpnam", "ctermid"}
	count := 0
	for _, r := range Rows() {
		if r.Class != PerLibset {
			continue
		}
		count++
		if r.Stream != NoStream {
			t.Errorf("%s is %v, with the stream %v", r.Symbol, r.Class, r.Stream)
		}
		base := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(r.Symbol, "_chk"), "__"), "_unlocked")
		for _, name := range []string{r.Symbol, base, "_IO_" + base} {
			if slices.Contains(files, name) {
				t.Errorf("%s is %v, but %s works on streams", r.Symbol, r.Class, name)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d functions are %v", count, PerLibset)
	}
	for _, table := range [][]group{stdioTable, stdioInternalTable} {
		for _, g := range table {
			for _, symbol := range strings.Fields(g.symbols) {
				if g.class == PerLibset && !slices.Contains(without, symbol) {
					t.Errorf("%s is %v, but is not known to do without a stream", symbol, g.class)
				}
			}
		}
	}
}

// A function and the one that continues its work must meet the same static data.
func TestWhatSharesStateSharesItsClass(t *testing.T) {
	for _, family := range []string{
		"rand random srand srandom initstate setstate",
		"drand48 erand48 lrand48 nrand48 mrand48 jrand48 srand48 seed48 lcong48",
		"hcreate hsearch hdestroy",
		"getopt getopt_long getopt_long_only __posix_getopt",
		"setpwent getpwent getpwent_r endpwent",
		"setgrent getgrent getgrent_r endgrent",
		"sethostent gethostent gethostent_r endhostent",
		"setnetgrent getnetgrent getnetgrent_r endnetgrent",
		"setutent getutent getutent_r getutid getutline pututline utmpname endutent setutxent getutxent login ttyslot",
		"setttyent getttyent getttynam endttyent",
		"setfsent getfsent getfsspec getfsfile endfsent",
		"setusershell getusershell endusershell",
	} {
		for _, symbol := range strings.Fields(family) {
			if r, ok := Lookup(symbol); !ok || r.Class != PerLibset {
				t.Errorf("%s: class %v, want %v as the rest of its family (%s)", symbol, r.Class, PerLibset, family)
			}
		}
	}
}

func TestObjectClass(t *testing.T) {
	tests := map[string]struct {
		soname string
		want   ObjectPolicy
	}{
		"the dynamic linker":                   {"ld-linux-x86-64.so.2", OneObject},
		"the kernel's":                         {"linux-vdso.so.1", OneObject},
		"this library":                         {"libinger.so", OneObject},
		"this library with a version":          {"libinger.so.1", OneObject},
		"libc is copied":                       {"libc.so.6", CopiedObject},
		"mathematics":                          {"libm.so.6", OneObject},
		"the unwinder":                         {"libgcc_s.so.1", OneObject},
		"an empty stub":                        {"libpthread.so.0", OneObject},
		"a name service":                       {"libnss_systemd.so.2", OneObject},
		"security services are another thing":  {"libnss3.so", CopiedObject},
		"their tools too":                      {"libnssutil3.so", CopiedObject},
		"a heap":                               {"libtcmalloc_minimal.so.4", OneObject},
		"a sanitizer":                          {"libasan.so.8", OneObject},
		"what valgrind loads":                  {"vgpreload_memcheck-amd64-linux.so", OneObject},
		"the C++ library is copied":            {"libstdc++.so.6", CopiedObject},
		"another library is copied":            {"libpng16.so.16", CopiedObject},
		"one that begins like libm is copied":  {"libmagic.so.1", CopiedObject},
		"one that begins like libdl is copied": {"libdlib.so.19", CopiedObject},
		"a path counts by its last part":       {"/opt/ld-linux.so.2.d/libfoo.so", CopiedObject},
		"a library without SONAME, by path":    {"/lib/x86_64-linux-gnu/libSegFault.so", OneObject},
		"nothing is known of no name":          {"", CopiedObject},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, why := ObjectClass(tc.soname); got != tc.want || why == "" {
				t.Errorf("ObjectClass(%q) = %v, %q; want %v with a reason", tc.soname, got, why, tc.want)
			}
		})
	}
}

func TestDataShared(t *testing.T) {
	tests := map[string]struct {
		soname, symbol string
		want           bool
	}{
		"libc's streams":                       {"libc.so.6", "stdout", true},
		"libc's environment":                   {"libc.so.6", "environ", true},
		"C++ streams":                          {"libstdc++.so.6", "_ZSt4cout", true},
		"C++ wide streams":                     {"libstdc++.so.6", "_ZSt5wcerr", true},
		"the same name in another library":     {"libfoo.so.1", "_ZSt4cout", false},
		"the empty old string":                 {"libstdc++.so.6", "_ZNSs4_Rep20_S_empty_rep_storageE", true},
		"the empty old wide string, elsewhere": {"libfoo.so.1", "_ZNSbIwSt11char_traitsIwESaIwEE4_Rep20_S_empty_rep_storageE", true},
		"a facet's number":                     {"libstdc++.so.6", "_ZNSt5ctypeIcE2idE", true},
		"a vtable":                             {"libfoo.so.1", "_ZTVSo", false},
		"any other variable":                   {"libfoo.so.1", "foo_level", false},
		"one named like libc's":                {"libfoo.so.1", "environ", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, why := DataShared(tc.soname, tc.symbol); got != tc.want || why == "" {
				t.Errorf("DataShared(%q, %q) = %v, %q; want %v with a reason", tc.soname, tc.symbol, got, why, tc.want)
			}
		})
	}
}

func TestPatternsAreWellFormed(t *testing.T) {
	var patterns []string
	for _, row := range objectTable {
		patterns = append(patterns, strings.Fields(row.patterns)...)
	}
	for _, row := range dataTable {
		patterns = append(patterns, strings.Fields(row.objects+" "+row.symbols)...)
	}
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, "x"); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// A row about the C++ library that matches nothing in it is a misspelt one.
func TestRowsOfTheCxxLibraryNameItsVariables(t *testing.T) {
	f, err := elf.Open(stdcxxPath)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not installed", stdcxxPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range dataTable {
		if row.objects == "libc.so.6" {
			continue
		}
		for _, pattern := range strings.Fields(row.symbols) {
			found := slices.ContainsFunc(symbols, func(s elf.Symbol) bool {
				return s.Section != elf.SHN_UNDEF && elf.ST_TYPE(s.Info) == elf.STT_OBJECT && matchesAny(pattern, s.Name)
			})
			if !found {
				t.Errorf("%s has no variable %s", stdcxxPath, pattern)
			}
		}
	}
}
