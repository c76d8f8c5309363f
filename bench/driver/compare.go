// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"libinger/bench/compare"
	"libinger/bench/result"
)

func compareCommand(args []string, out io.Writer) error {
	flags := pflag.NewFlagSet("compare", pflag.ContinueOnError)
	same := flags.Bool("same", false, "")
	if err := parse(flags, args, 2, 2); err != nil {
		return err
	}
	old, err := result.Read(flags.Arg(0))
	if err != nil {
		return err
	}
	new, err := result.Read(flags.Arg(1))
	if err != nil {
		return err
	}
	c := compare.Results(old, new)
	fmt.Fprint(out, c.Text())
	if len(c.Rows) == 0 {
		return fmt.Errorf("the results have nothing in common")
	}
	if !*same {
		return nil
	}
	apart := c.Apart()
	for _, r := range apart {
		fmt.Fprintf(out, "apart: %s: %.6g in [%.6g, %.6g], %.6g in [%.6g, %.6g] %s\n", r.Name, r.Old.Value, r.Old.Low, r.Old.High,
			r.New.Value, r.New.Low, r.New.High, r.Unit)
	}
	if len(apart) > 0 {
		return fmt.Errorf("medians that differ by more than their intervals: %d of %d", len(apart), len(c.Rows))
	}
	fmt.Fprintf(out, "# same: no median of %d differs by more than the intervals\n", len(c.Rows))
	return nil
}
