// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestAProcessWithoutTheLibraryIsRefused(t *testing.T) {
	if _, err := Open(os.Getpid()); !errors.Is(err, ErrWithout) {
		t.Errorf("error %v, want %v", err, ErrWithout)
	}
}

func TestAProcessThatHasEndedIsGone(t *testing.T) {
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c.Process.Pid); !errors.Is(err, ErrGone) {
		t.Errorf("error %v, want %v", err, ErrGone)
	}
}

func TestTheLibraryIsFoundInMaps(t *testing.T) {
	const program = "55d0c0000000-55d0c0001000 r-xp 00000000 fe:00 12 /usr/bin/libinger.so-fan/tool\n"
	const first, second = "7f0000000000-7f0000100000 r--p 00000000 fe:00 34 ", "7f0000100000-7f0000200000 r-xp 00100000 fe:00 34 "
	tests := map[string]struct {
		maps, path string
		found      bool
	}{
		"by its name":                   {program + first + "/lib/libinger.so.0.1.0\n" + second + "/lib/libinger.so.0.1.0\n", "/lib/libinger.so.0.1.0", true},
		"in a folder with blanks":       {program + first + "/a b/libinger.so\n", "/a b/libinger.so", true},
		"not by a folder's name":        {program, "", false},
		"not by its second page":        {second + "/lib/libinger.so\n", "", false},
		"not among lines without files": {"7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n", "", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			base, path, found := findLibrary(tc.maps)
			if found != tc.found || path.name != tc.path || (found && (base != 0x7f0000000000 || path.area != "7f0000000000-7f0000100000")) {
				t.Errorf("found %v at %x: %+v", found, base, path)
			}
		})
	}
}

func TestCountsDoNotUnderflowWhileTheyChange(t *testing.T) {
	c := Counts{Counters: map[string]uint64{"launched": 3, "completed": 2, "cancelled": 2}, Running: 1}
	if c.Live() != 0 || c.Paused() != 0 {
		t.Errorf("live %d, paused %d", c.Live(), c.Paused())
	}
}
