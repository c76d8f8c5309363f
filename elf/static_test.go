// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package elf

import (
	"errors"
	"testing"
)

// Without cgo the test program itself is statically linked.
func TestLoadedOfAStaticProgram(t *testing.T) {
	if objects, err := Loaded(); !errors.Is(err, ErrStatic) || objects != nil {
		t.Errorf("Loaded = %v, %v, want %v", objects, err, ErrStatic)
	}
}
