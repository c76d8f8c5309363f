#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# old_libc.t: with a C library that is too old, the compiler says so in one sentence, and nothing else.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
echo 1..4
n=0
check() {
	local result=not\ ok
	n=$((n + 1))
	"${@:2}" && result=ok
	echo "$result $n - $1"
	[ "$result" = ok ] || sed 's/^/# /' "$folder/said"
}
compile() { # MINOR: as glibc 2.MINOR says of itself
	printf '#include_next <features.h>\n#undef __GLIBC_MINOR__\n#define __GLIBC_MINOR__ %s\n' "$1" >"$folder/features.h"
	"${CC:-cc}" -fsyntax-only -D_GNU_SOURCE -I"$folder" -Iinclude -Ishim shim/tcb.c >"$folder/said" 2>&1
}
refuses() { ! compile "$1"; }
says() { [ "$(grep -c 'error: #error' "$folder/said")" = 1 ] && grep -q 'needs glibc 2.35 or later' "$folder/said"; }
is_short() { [ "$(grep -c 'error' "$folder/said")" -le 4 ]; }
check "2.31 is refused" refuses 31
check "in a sentence" says
check "and little else is said" is_short
check "2.35 is taken" compile 35
