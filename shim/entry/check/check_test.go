// SPDX-License-Identifier: Apache-2.0

// Package check compares the assembly of package entry with the Go runtime it reaches into. It is a package of its own
// because a test of package entry would be linked without the flags that package needs.
package check

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What ../entry_amd64.s walks through.
const (
	signalsMarked = 65
	entryBytes    = 24
	sigUnblock    = 1 << 7
	sigcancel     = 32 // libc's own: left as they are
	sigsetxid     = 33
)

func TestAssemblyHasTheConstants(t *testing.T) {
	text, err := os.ReadFile("../entry_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	for _, instruction := range []string{
		fmt.Sprintf(`MOVL\s+\$%d, R9`, signalsMarked),
		fmt.Sprintf(`ADDQ\s+\$%d, R8`, entryBytes),
		fmt.Sprintf(`ANDL\s+\$~%#x, \(R8\)`, sigUnblock),
		fmt.Sprintf(`CMPL\s+R9, \$%d`, signalsMarked-sigcancel),
		fmt.Sprintf(`CMPL\s+R9, \$%d`, signalsMarked-sigsetxid),
	} {
		if !regexp.MustCompile(instruction).Match(text) {
			t.Errorf("entry_amd64.s has no %s", instruction)
		}
	}
}

// goSource reads a file of the installed Go's runtime: the assembly relies on what it says.
func goSource(t *testing.T, name string) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "runtime", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSigtableIsAsTheAssemblyExpects(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^\s*/\* *\d+ \*/ \{`)
	if got := len(rows.FindAllString(goSource(t, "sigtab_linux_generic.go"), -1)); got != signalsMarked {
		t.Errorf("runtime.sigtable has %d entries, the assembly walks %d", got, signalsMarked)
	}
	if !regexp.MustCompile(`type sigTabT struct \{\s+flags +int32\s+name +string\s+\}`).MatchString(goSource(t, "signal_unix.go")) {
		t.Errorf("sigTabT is not {flags int32; name string}: its entries may not be %d bytes", entryBytes)
	}
	for _, n := range []int{sigcancel, sigsetxid} {
		if !regexp.MustCompile(fmt.Sprintf(`/\* %d \*/ \{_SigSetStack \+ _SigUnblock,`, n)).MatchString(goSource(t, "sigtab_linux_generic.go")) {
			t.Errorf("the runtime does not keep signal %d unblocked by itself", n)
		}
	}
	flags := regexp.MustCompile(`(?s)_SigNotify +=.*?_SigUnblock`).FindString(goSource(t, "runtime2.go"))
	if got := 1 << strings.Count(flags, "\n"); got != sigUnblock {
		t.Errorf("_SigUnblock is %#x, the assembly clears %#x", got, sigUnblock)
	}
}
