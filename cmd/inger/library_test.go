// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLibraryIsFoundBesideTheTool(t *testing.T) {
	contents, err := os.ReadFile(libraryPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{
		"bin/libinger.so", "lib/libinger.so", "lib/libinger.so.0", "lib/x86_64-linux-gnu/libinger.so.0", "lib64/libinger.so",
	} {
		t.Run(place, func(t *testing.T) {
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			want := filepath.Join(root, place)
			for _, folder := range []string{filepath.Dir(want), filepath.Join(root, "bin")} {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, root, place, string(contents), 0o644)
			if got, err := libraryBeside(filepath.Join(root, "bin")); got != want || err != nil {
				t.Errorf("libraryBeside = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestToolFindsItsLibraryThroughALink(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "inger")
	if err := os.Symlink(toolPath, link); err != nil {
		t.Fatal(err)
	}
	saved := toolPath
	toolPath = link
	defer func() { toolPath = saved }()
	got := tool(t, folder, nil, "run", "--", "sh", "-c", "echo $LD_PRELOAD")
	if got != (result{libraryPath + "\n", "", 0}) {
		t.Errorf("%+v, want the library beside the link's target, %s", got, libraryPath)
	}
}

func TestChosenLibrary(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	contents, err := os.ReadFile(libraryPath)
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, "mine.so", string(contents), 0o644)
	write(t, folder, "other.so", string(contents), 0o644)
	write(t, folder, "text.so", "not a library", 0o644)
	write(t, folder, "a b.so", string(contents), 0o644)
	write(t, folder, "a:b.so", string(contents), 0o644)
	write(t, folder, "$LIB.so", string(contents), 0o644)
	if err := os.Symlink("a b.so", filepath.Join(folder, "link.so")); err != nil {
		t.Fatal(err)
	}
	const inexpressible = ": LD_PRELOAD cannot express a path with a blank, a colon or a dollar sign"
	tests := map[string]struct {
		flag, variable string
		preload        string // what the program sees, or
		problem        string // what the message begins with
	}{
		"the option":                            {"mine.so", "", folder + "/mine.so", ""},
		"the variable":                          {"", "./mine.so", folder + "/mine.so", ""},
		"the option before the variable":        {"other.so", "mine.so", folder + "/other.so", ""},
		"a link whose target has a blank":       {"link.so", "", folder + "/link.so", ""},
		"a missing file":                        {"none.so", "", "", "inger: --library: none.so: no such file or directory"},
		"a missing file named by the variable":  {"", "none.so", "", "inger: INGER_LIBRARY: none.so: no such file or directory"},
		"a folder":                              {".", "", "", "inger: --library: .: not a regular file"},
		"a text":                                {"text.so", "", "", "inger: --library: text.so: not a shared library for x86-64"},
		"a path with a blank":                   {"a b.so", "", "", "inger: --library: a b.so" + inexpressible},
		"a path with a colon":                   {"a:b.so", "", "", "inger: --library: a:b.so" + inexpressible},
		"a path with a name that is replaced":   {"$LIB.so", "", "", "inger: --library: $LIB.so" + inexpressible},
		"a missing program comes first, by 127": {"", "", "", "inger: no-such-program: not found in PATH"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var args, env []string
			if tc.flag != "" {
				args = []string{"--library", tc.flag}
			}
			if tc.variable != "" {
				env = []string{"INGER_LIBRARY=" + tc.variable}
			}
			program := []string{"--", "sh", "-c", "echo $LD_PRELOAD"}
			if strings.Contains(tc.problem, "no-such-program") {
				program = []string{"no-such-program"}
			}
			got := tool(t, folder, env, append(append([]string{"run"}, args...), program...)...)
			if tc.problem == "" {
				if got != (result{tc.preload + "\n", "", 0}) {
					t.Errorf("%+v, want LD_PRELOAD %q", got, tc.preload)
				}
				return
			}
			if (got.status != statusCannotRun && got.status != statusNotFound) || got.stdout != "" ||
				!strings.HasPrefix(got.stderr, tc.problem) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("%+v, want a refusal that begins with %q", got, tc.problem)
			}
		})
	}
}

func TestMissingLibraryIsSaid(t *testing.T) {
	folder := t.TempDir()
	_, err := libraryBeside(folder)
	if err == nil || !strings.Contains(err.Error(), "libinger.so: not found in "+folder) || !strings.Contains(err.Error(), "--library") {
		t.Errorf("libraryBeside: %v, want the place and what to do", err)
	}
}
