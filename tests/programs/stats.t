#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# stats.t: --stats prints one line on stderr at exit, and it counts.
. "$(dirname "$0")/lib.sh"

# A second of computing without a system call, in a program of its own: what is counted is not an interpreter's doing.
cat >"$DATA/spin.c" <<'EOF'
#include <stdio.h>
#include <time.h>
int main(void)
{
	volatile unsigned long x = 1;
	clock_t end = clock() + CLOCKS_PER_SEC;
	while (clock() < end)
		for (int i = 0; i < 100000; i++)
			x = x * 3 + 1;
	puts("done");
	return 7;
}
EOF
gcc -O1 -o "$DATA/spin" "$DATA/spin.c"
three=' median=[0-9]+[.][0-9] p99=[0-9]+[.][0-9] max=[0-9]+[.][0-9]'
stats="libinger: pauses=([0-9]+) deferrals=[0-9]+ slice_us$three overshoot_us$three bias_us=[0-9]+[.][0-9]"

# counted NAME MODE MINIMUM - run the spinning program; at least MINIMUM pauses must be counted.
counted() {
	local status arguments
	arguments "$2"
	watched "$TMP/sliced" /dev/null "$INGER" run "${arguments[@]}" --stats -- "$DATA/spin"
	# Torture says its seed as well.
	sed -i '/^libinger: torture seed [0-9]*$/d' "$TMP/sliced/err"
	is "$1: the exit status is the program's own" "$status" 'exit 7'
	is "$1: stdout is the program's own" "$(cat "$TMP/sliced/out")" done
	is "$1: one line on stderr" "$(wc -l <"$TMP/sliced/err")" 1
	if [[ $(cat "$TMP/sliced/err") =~ ^$stats$ ]]; then
		result ok "$1: the line has all its fields"
		say <"$TMP/sliced/err"
		ok "$1: at least $3 pauses are counted" [ "${BASH_REMATCH[1]}" -ge "$3" ]
	else
		result 'not ok' "$1: the line has all its fields"
		say <"$TMP/sliced/err"
	fi
}
# A loaded machine pauses less often, but not a hundred times less.
counted 'slices of 100us' 100us 100
counted 'slices of 1ms' 1ms 10
counted 'slices of 100us, torture' 100us+torture 20

tool 'without --stats nothing is printed' 'exit 7' done '' -- run --slice 1ms -- "$DATA/spin"
"$INGER" run --slice 1ms -- sh -c 'while :; do :; done' &
busy=$!
seen=0
for ((i = 0; i < 100 && seen == 0; i++)); do
	seen=$("$INGER" top --count 1 "$busy" 2>/dev/null |
		awk '{ for (i = 1; i <= NF; i++) if ($i == "slices") at = i } END { print $at + 0 }')
	sleep 0.1
done
kill "$busy"
wait "$busy" 2>/dev/null
ok 'inger top shows the slices of a program under inger run' [ "$seen" -gt 0 ]

tool '--stats without slices counts no pause' 'exit 0' 'x' "libinger: pauses=0 .*" -- run --stats -- echo x
finish
