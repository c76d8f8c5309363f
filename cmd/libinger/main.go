// SPDX-License-Identifier: Apache-2.0

// Command libinger is the shared library libinger.so (go build -buildmode=c-shared): it links the data plane in.
// The interface is include/inger.h; what is exported is listed in exports.map, which package interpose generates.
package main

import (
	_ "libinger/gotcha"
	_ "libinger/shim"
)

func main() {}
