// SPDX-License-Identifier: Apache-2.0

// Command gen writes the files that are made from the policy. Run it by "go generate ./interpose".
package main

import (
	"fmt"
	"os"

	"libinger/interpose"
)

func main() {
	for path, content := range map[string][]byte{
		interpose.HeaderPath:    interpose.Header(),
		interpose.ExportMapPath: interpose.ExportMap(),
		interpose.KnownPath:     interpose.Known(),
	} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "inger: write generated file: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}
