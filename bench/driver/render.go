// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"libinger/bench/report"
	"libinger/bench/result"
)

func renderCommand(args []string, out io.Writer) error {
	flags := pflag.NewFlagSet("render", pflag.ContinueOnError)
	document := flags.String("document", "", "")
	pictures := flags.String("pictures", "", "")
	if err := parse(flags, args, 1, 1); err != nil {
		return err
	}
	if (*document == "") != (*pictures == "") {
		return fmt.Errorf("%w: a document and a folder for its pictures belong together", errUsage)
	}
	file, err := result.Read(flags.Arg(0))
	if err != nil {
		return err
	}
	if *document == "" {
		return report.Write(file, filepath.Dir(flags.Arg(0)))
	}
	return refresh(file, *document, *pictures, out)
}

// refresh writes a document's generated parts, and the pictures it shows. Pictures of an earlier result that it no longer
// shows are removed.
func refresh(file *result.File, document, folder string, out io.Writer) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(filepath.Dir(document), folder)
	if err != nil {
		return err
	}
	refreshed, shown, err := report.Refresh(file, string(text), filepath.ToSlash(relative)+"/")
	if err != nil {
		return fmt.Errorf("refresh %s: %w", document, err)
	}
	former, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		return err
	}
	for _, picture := range former {
		if err := os.Remove(picture); err != nil {
			return err
		}
	}
	if err := report.WritePictures(file, folder, shown); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d pictures\n", document, len(shown))
	return result.Replace(document, []byte(refreshed))
}
