#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sigsafe.t: code that runs in signal context refers to what is safe there, and the check would notice if it did not.
root=$(cd "$(dirname "$0")/.." && pwd)
check=$root/scripts/check-sigsafe
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
echo 1..4

out=$("$check" 2>&1) && echo 'ok 1 - shim/*_sig.c' || {
	echo 'not ok 1 - shim/*_sig.c'
	sed 's/^/# /' <<<"$out"
}

# try NUMBER NAME WANTED - WANTED is what the check of the scratch folder must say; empty when it must be content.
try() {
	local out status=0
	out=$("$check" "$scratch" 2>&1) || status=$?
	if { [ -z "$3" ] && [ "$status" -eq 0 ]; } || { [ -n "$3" ] && [ "$status" -eq 1 ] && [[ $out == *"$3"* ]]; }; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed 's/^/# /' <<<"status $status: $out"
	fi
}
printf 'void shim_other(int);\nextern long syscall(long, ...);\nvoid handler(int n) { shim_other(n); syscall(39); }\n' >"$scratch/a_sig.c"
printf '# the raw system call\nsyscall # sets errno\n' >"$scratch/sigsafe.txt"
echo 'package scratch' >"$scratch/a.go"
try 2 'names in the list and shim_ names pass' ''
echo 'puts' >>"$scratch/sigsafe.txt"
try 3 'a name in the list that nobody uses is noticed' 'sigsafe.txt has puts'
sed -i '/puts/d' "$scratch/sigsafe.txt"
printf 'void *malloc(unsigned long);\nvoid *get(void) { return malloc(1); }\n' >>"$scratch/a_sig.c"
try 4 'a name that is not in the list is noticed' 'refers to malloc'
