// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bugs are the sources of the rows that concern a library.
func bugs(l Libc) []string {
	var found []string
	for i := range libcProblems {
		if p := &libcProblems[i]; p.concerns(l) {
			found = append(found, p.source)
		}
	}
	return found
}

func TestKnownProblems(t *testing.T) {
	debian := func(release Version, revision string) Libc {
		return Libc{Version: release, Distribution: "debian", Package: revision}
	}
	const dtv, wakeup, find, system, regcomp, order, slow = "glibc bug 29039", "glibc bug 25847", "glibc bug 30515", "glibc bug 30163",
		"glibc bug 33185, CVE-2025-8058", "Debian's changelog of glibc, 2.36-9+deb12u5", "glibc bug 19924"
	tests := map[string]struct {
		libc Libc
		want []string
	}{
		"the first release of Debian 12":   {debian(Version{2, 36}, "2.36-9"), []string{dtv, wakeup, find, system, regcomp, slow}},
		"its first revision":               {debian(Version{2, 36}, "2.36-9+deb12u1"), []string{dtv, wakeup, find, regcomp, slow}},
		"the one that changed the order":   {debian(Version{2, 36}, "2.36-9+deb12u2"), []string{dtv, wakeup, regcomp, order, slow}},
		"the last with that order":         {debian(Version{2, 36}, "2.36-9+deb12u4"), []string{dtv, wakeup, regcomp, order, slow}},
		"the one that changed it back":     {debian(Version{2, 36}, "2.36-9+deb12u5"), []string{wakeup, regcomp, slow}},
		"10 is after 9":                    {debian(Version{2, 36}, "2.36-9+deb12u10"), []string{wakeup, regcomp}},
		"the last of those known":          {debian(Version{2, 36}, "2.36-9+deb12u14"), []string{wakeup}},
		"a rebuild of it":                  {debian(Version{2, 36}, "2.36-9+deb12u14+b1"), []string{wakeup}},
		"a backport before it":             {debian(Version{2, 36}, "2.36-9+deb12u5~bpo1"), []string{dtv, wakeup, regcomp, order, slow}},
		"Debian 13":                        {debian(Version{2, 41}, "2.41-12"), nil},
		"upstream 2.36":                    {Libc{Version: Version{2, 36}}, []string{dtv, wakeup, find, system, regcomp, slow}},
		"another distribution's 2.36":      {Libc{Version: Version{2, 36}, Distribution: "other", Package: "2.36-9+deb12u14"}, []string{dtv, wakeup, find, system, regcomp, slow}},
		"upstream 2.34 has no find_object": {Libc{Version: Version{2, 34}}, []string{dtv, wakeup, system, regcomp, slow}},
		"upstream 2.40":                    {Libc{Version: Version{2, 40}}, []string{wakeup, regcomp}},
		"upstream 2.42":                    {Libc{Version: Version{2, 42}}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := bugs(tc.libc); !slices.Equal(got, tc.want) {
				t.Errorf("%+v: %q, want %q", tc.libc, got, tc.want)
			}
		})
	}
}

func TestKnownProblemsHaveSourceAndRange(t *testing.T) {
	for _, p := range libcProblems {
		if p.what == "" || p.source == "" || p.advice == "" {
			t.Errorf("a text is missing in %+v", p)
		}
		if p.until == (Version{}) && len(p.debian) == 0 {
			t.Errorf("%q has no end anywhere", p.source)
		}
		for _, r := range p.debian {
			for _, v := range []string{r.since, r.until} {
				if v != "" && !strings.HasPrefix(v, r.release+"-") {
					t.Errorf("%q: %s is no revision of %s", p.source, v, r.release)
				}
			}
		}
	}
}

func TestLibcIsFound(t *testing.T) {
	folder := t.TempDir()
	file := func(name, contents string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(contents), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	glibc := file("libc.so.6", "\x7fELF\x00GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n\x00")
	other := file("musl", "\x7fELF\x00musl")
	mute := file("mute", "GNU C Library (x) stable release version none.\n")
	release := file("os-release", "NAME=x\nID=\"debian\"\nID_LIKE=y\n")
	status := file("status", "Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n"+
		"Package: libc6\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 2\n\n"+
		"Package: libc6-dev\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3\n\n"+
		"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9+deb12u14\n")
	want := Libc{Version: Version{2, 36}, Distribution: "debian", Package: "2.36-9+deb12u14"}
	if got := gatherLibc([]string{folder + "/none", glibc}, release, status); got.Problem != "" || got.Version != want.Version ||
		got.Distribution != want.Distribution || got.Package != want.Package {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := gatherLibc([]string{glibc}, folder+"/none", folder+"/none"); got.Package != "" || got.Distribution != "" || got.Problem != "" {
		t.Errorf("%+v without a package manager", got)
	}
	for _, bad := range []string{folder + "/none", other, mute, folder} {
		if got := gatherLibc([]string{bad}, release, status); got.Problem == "" {
			t.Errorf("%s: %+v, want a problem", bad, got)
		}
	}
}
