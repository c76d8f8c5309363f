#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# crash: a crash ends the program with the signal it would have without us, and a stack overflow is reported by name.
build=${BUILD:-build}
ulimit -c 0
number=0
failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

ok() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

run() { # MODE WAY KIND: leaves status, $scratch/out and $scratch/err
	if [ "$1" = preloaded ]; then
		(LD_PRELOAD=$(realpath "$build/libinger.so") exec timeout 20 "$build/tests/crash_inside.preload" "$2" "$3") \
			>"$scratch/out" 2>"$scratch/err"
	else
		(exec timeout 20 "$build/tests/crash_inside" "$2" "$3") >"$scratch/out" 2>"$scratch/err"
	fi
	status=$?
}

declare -A want=([null]=139 [abort]=134 [division]=136 [illegal]=132 [overflow]=139 [kill]=143 [exit]=33)
echo "1..92"
for mode in linked preloaded; do
	for kind in null abort division illegal overflow kill exit; do
		for way in outside after inside named sliced nested; do
			run $mode $way $kind 2>/dev/null
			[ "$status" = "${want[$kind]}" ]
			ok $? "$mode: $kind, $way: status $status, want ${want[$kind]}"
			[ "$status" = "${want[$kind]}" ] || head -n 3 "$scratch/err" | sed 's/^/# /'
			case $kind:$way in
			overflow:inside)
				grep -q 'stack overflow.*crash_overflow' "$scratch/err"
				ok $? "$mode: a stack overflow is reported with the function's name" ;;
			overflow:named)
				grep -q 'stack overflow.*decoder of thumbnails' "$scratch/err"
				ok $? "$mode: a stack overflow is reported with the name given by attributes" ;;
			null:inside)
				! grep -q 'stack overflow' "$scratch/err"
				ok $? "$mode: a null pointer is not called a stack overflow" ;;
			exit:inside)
				[ "$(cat "$scratch/out")" = buffered ]
				ok $? "$mode: exit() inside flushes the streams" ;;
			esac
		done
	done
done
exit $failed
