#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# exports.t: the library exports what its version script names, and the check would notice if it did not.
root=$(cd "$(dirname "$0")/.." && pwd)
check=$root/scripts/check-exports
library=$root/${BUILD:-build}/libinger.so
map=$root/cmd/libinger/exports.map
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
echo 1..4

# result NUMBER NAME STATUS - 0 passes.
result() {
	if [ "$3" -eq 0 ]; then echo "ok $1 - $2"; else echo "not ok $1 - $2"; fi
}
# noticed MAP TEXT - the check fails with MAP, saying TEXT.
noticed() {
	local out
	! out=$("$check" "$library" "$1" 2>&1) && grep -q "$2" <<<"$out"
}

out=$("$check" "$library" "$map" 2>&1)
result 1 'exports are those of exports.map' $?
[ -z "$out" ] || head -n 30 <<<"$out" | sed 's/^/# /'
grep -v '^[[:space:]]*launch;' "$map" >"$scratch/less.map"
noticed "$scratch/less.map" 'exported, but not in .*: launch$'
result 2 'a name too many is noticed' $?
sed 's/^[[:space:]]*launch;/&\nno_such_name;/' "$map" >"$scratch/more.map"
noticed "$scratch/more.map" 'not exported: no_such_name$'
result 3 'a missing name is noticed' $?
readelf -d "$library" | grep -q 'SONAME.*\[libinger\.so\.0\]'
result 4 'the SONAME is libinger.so.0' $?
