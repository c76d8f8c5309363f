// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// proposals is what bash would offer after these words, the last of which is being typed.
func proposals(t *testing.T, folder string, env []string, words ...string) []string {
	t.Helper()
	script := tool(t, "", nil, "completion", "bash")
	if script.status != 0 || script.stderr != "" {
		t.Fatalf("%+v", script)
	}
	path := write(t, t.TempDir(), "completion", script.stdout, 0o644)
	// The package bash-completion has this function, in more words.
	ask := `_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; prev=${words[cword - 1]}; }
source "$1"; shift; COMP_WORDS=(inger "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
COMP_TYPE=9; COMP_KEY=9; compopt() { :; }; __start_inger inger; printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.Command("bash", append([]string{"--norc", "-c", ask, "bash", path}, words...)...)
	cmd.Dir = folder
	cmd.Env = append([]string{"PATH=" + filepath.Dir(toolPath) + ":/usr/bin:/bin"}, env...)
	got := finish(t, cmd)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("bash: %+v", got)
	}
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(got.stdout), "\n") {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, strings.TrimSpace(name))
	}
	slices.Sort(names)
	return names
}

func TestBashCompletes(t *testing.T) {
	var all []string
	for _, c := range commands() {
		all = append(all, c.name)
	}
	slices.Sort(all)
	folder := t.TempDir()
	write(t, folder, "inger-test-program", "#!/bin/sh\n", 0o755)
	write(t, folder, "inger-test-text", "text", 0o644)
	tests := map[string]struct {
		words, want []string
	}{
		"commands":                    {[]string{""}, all},
		"a command":                   {[]string{"opt"}, []string{"options"}},
		"options of run":              {[]string{"run", "--st"}, []string{"--stack", "--stats"}},
		"words of an option":          {[]string{"run", "--clock", "time"}, []string{"timekeeper", "timer"}},
		"words of another command":    {[]string{"options", "--isolation", ""}, []string{"isolated", "shared"}},
		"programs":                    {[]string{"run", "inger-test"}, []string{"inger-test-program"}},
		"programs after an option":    {[]string{"run", "--stats", "inger-test"}, []string{"inger-test-program"}},
		"a program to look at":        {[]string{"doctor", "inger-test"}, []string{"inger-test-program"}},
		"what help is about":          {[]string{"help", "comp"}, []string{"completion"}},
		"the shells":                  {[]string{"completion", ""}, []string{"bash"}},
		"nothing of a program's own":  {[]string{"run", "ls", "--st"}, []string{""}},
		"no argument where none goes": {[]string{"options", "x"}, []string{""}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			env := []string{"PATH=" + folder + ":" + filepath.Dir(toolPath) + ":/usr/bin:/bin"}
			if got := proposals(t, folder, env, tc.words...); !slices.Equal(got, tc.want) {
				t.Errorf("after %q: %q, want %q", tc.words, got, tc.want)
			}
		})
	}
}
