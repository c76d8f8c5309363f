#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# debug.t: gdb, valgrind and perf with a program that has isolated functions. What is not installed is skipped.
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset LD_PRELOAD LD_LIBRARY_PATH VALGRIND_OPTS MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DEBUGINFOD_URLS
for name in $(compgen -v INGER_); do unset "$name"; done
export HOME=$scratch # no .gdbinit, .valgrindrc or .perfconfig
target=$scratch/target
. "$root/tests/tap.sh"
skip() {
	ran=$((ran + 1))
	echo "ok $ran - $1 # SKIP $2"
}
# says FILE PATTERN... - the file has lines that match the patterns (grep -E), in this order.
says() {
	local file=$1 from=1 pattern at
	shift
	for pattern in "$@"; do
		at=$(tail -n +"$from" "$file" | grep -nE -m1 -- "$pattern") || {
			echo "after line $from, no line matches: $pattern"
			cat "$file"
			return 1
		}
		from=$((from + ${at%%:*}))
	done
}

ok 'the program builds' gcc -O1 -g -Wall -Wextra -Werror -o "$target" "$root/tests/debug_target.c" \
	-L"$root/build" -linger -lz -Wl,-rpath,"$root/build"
frame='^#[0-9]+ +(0x[0-9a-f]+ in )?'

# ---- gdb

# debugger FILE COMMANDS... [-- ARGUMENTS] - run gdb with these commands; what it says goes to FILE.
debugger() {
	local file=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=(-ex "$1")
		shift
	done
	shift
	timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set width 0' -ex "source $root/scripts/libinger-gdb.py" \
		"${options[@]}" "$target" "$@" </dev/null >"$file" 2>&1
}
gdb_works() { command -v gdb >/dev/null && gdb -nx -batch -ex 'python print(1)' >/dev/null 2>&1; }

if gdb_works; then
	callback=$scratch/callback
	debugger "$callback" 'break give_memory' 'run callback' bt 'inger libsets' 'inger calls' 'inger bt 0' 'inger bt nine' \
		delete continue
	ok 'gdb: a backtrace from the program through a copy of zlib' says "$callback" \
		"${frame}give_memory" "${frame}deflateInit2_" "${frame}deflateInit_" "${frame}compress_plain .*debug_target.c" "${frame}shim_entry_start"
	ok 'gdb: the libset of the call' says "$callback" '^libset 0: call 0' 'libz\.so.*\(symbols read\)'
	ok 'gdb: the running call' says "$callback" '^0 +running +- +compress_plain in target +libset 0 +on thread [0-9]+'
	ok 'gdb: a running call is not shown as a paused one' says "$callback" '^libinger: call 0 is running, not paused'
	ok 'gdb: a call that is not there' says "$callback" '^libinger: no call nine'
	ok 'gdb: the program goes on' says "$callback" '^right results'

	paused=$scratch/paused
	debugger "$paused" 'break all_paused' 'run paused' up 'inger calls' 'inger bt 0' 'echo second\n' 'inger bt 1 full' \
		'inger bt 2' frame 'print $rsp > 0x7f0000000000' 'break deflate' continue bt delete continue
	ok 'gdb: paused calls, and where' says "$paused" \
		'^0 +paused +"the one that yields" +compress_plain in target +libset [0-9]+ +at give_memory' \
		'^1 +paused +"the one that spins" +compress_plain in target +libset [0-9]+ +at give_memory' \
		'^2 +paused +- +compress_plain in target +libset [0-9]+ +not begun'
	ok 'gdb: the stack of a function that yielded below a copy' says "$paused" \
		"^#0 .*give_memory" "^#1 .*deflateInit2_" "^#2 .*deflateInit_" "^#3 .*compress_plain .*debug_target.c"
	ok 'gdb: the stack and variables of a function that was preempted below a copy' says "$paused" \
		'^second' '^#0 .*give_memory .*debug_target.c' "^#1 .*deflateInit2_" "^#3 .*compress_plain" '^ +z = \{' '^call 2 has not begun: compress_plain'
	ok 'gdb: the selected frame is the same afterwards' says "$paused" '^call 2 has not begun' '^#1 .* paused \('
	ok 'gdb: a breakpoint inside a copy' says "$paused" '^Breakpoint 2 at .*locations' "^#0 .*deflate \(\)" "^#1 .*compress_plain"
	ok 'gdb: functions that were looked at go on, with the right results' says "$paused" '^right results'

	again=$scratch/again
	debugger "$again" 'break give_memory' 'run callback' kill 'run callback' bt
	ok 'gdb: a second run' says "$again" 'killed' "${frame}give_memory" "${frame}deflateInit_" "${frame}compress_plain"

	early=$scratch/early
	debugger "$early" 'inger calls' 'break compress_plain' 'run none' 'inger calls' 'inger libsets'
	ok 'gdb: before libinger is there, and before a launch' says "$early" '^libinger: libinger.so is not loaded' '^no calls' '^no libsets'

	name='gdb: a core file: paused calls and their stacks'
	{ (cd "$scratch" && ulimit -c unlimited && timeout 60 "$target" crash); } >/dev/null 2>&1
	core=$(find "$scratch" -name 'core*' -type f | head -n 1)
	if [ -n "$core" ]; then
		debugger "$scratch/cored" 'inger calls' 'inger bt 1' -- "$core"
		ok "$name" says "$scratch/cored" '^1 +paused .* at give_memory' "^#0 .*give_memory" "^#1 .*deflateInit2_" "^#3 .*compress_plain"
		rm -f "$core"
	else
		skip "$name" 'no core file is written here (/proc/sys/kernel/core_pattern)'
	fi
else
	skip gdb 'gdb with Python is not installed'
fi

# ---- valgrind

memcheck() { timeout 300 valgrind -q --error-exitcode=99 --leak-check=full --log-file="$scratch/log" "$@"; }
same_under_valgrind() {
	local output status
	output=$(memcheck "$@")
	status=$?
	cat "$scratch/log"
	echo "status $status: $output"
	[ "$status" -eq 0 ] && [ "$output" = 'the same' ]
}
paused_under_valgrind() {
	memcheck "$@"
	local status=$?
	cat "$scratch/log"
	return $status
}
preloaded_under_valgrind() {
	local output
	output=$(LD_PRELOAD=$root/build/libinger.so memcheck sh -c 'echo preloaded')
	cat "$scratch/log"
	[ "$output" = preloaded ]
}
finds_the_mistake() {
	memcheck "$@"
	[ $? -eq 99 ] && says "$scratch/log" 'Invalid (read|write)' 'mistaken'
}
if command -v valgrind >/dev/null; then
	supp=--suppressions=$root/scripts/libinger.supp
	ok 'valgrind: a program that launches nothing' same_under_valgrind "$target" none
	ok 'valgrind: shared functions are preempted and go on, and nothing is reported' same_under_valgrind "$supp" "$target" shared
	ok 'valgrind: isolated functions' same_under_valgrind "$supp" "$target" slices
	ok 'valgrind: functions paused below zlib' paused_under_valgrind "$supp" "$target" paused
	ok 'valgrind: a preloaded program' preloaded_under_valgrind
	ok 'valgrind: a mistake in a preemptible function is found' finds_the_mistake "$supp" "$target" mistake
else
	skip valgrind 'valgrind is not installed'
fi

# ---- without XSAVEC, which valgrind's processor lacks

only_xsave() {
	make -C "$root" BUILD="$scratch/xsave" LIB_CGO_CFLAGS='-O2 -g -fno-semantic-interposition -DSHIM_ONLY_XSAVE=1' \
		"$scratch/xsave/libinger.so" && make -C "$root" build/tests/state_survives &&
		LD_LIBRARY_PATH=$scratch/xsave timeout 120 "$root/build/tests/state_survives"
}
ok 'XSAVE instead of XSAVEC: the state survives' only_xsave

# ---- perf

perf_works() { command -v perf >/dev/null && perf record -e cpu-clock -o "$scratch/try" true >/dev/null 2>&1; }
# Most samples are in zlib, and the file is known by its own name.
samples_in_zlib() {
	timeout 120 perf record -e cpu-clock -o "$scratch/perf.data" "$target" load || return 1
	timeout 120 perf script -i "$scratch/perf.data" -F comm,ip,dso >"$scratch/samples" || return 1
	local all zlib
	all=$(grep -c . "$scratch/samples")
	zlib=$(grep -c '/libz\.so' "$scratch/samples")
	echo "$zlib of $all samples in zlib"
	tail -n 20 "$scratch/samples"
	[ "$all" -gt 0 ] && [ $((zlib * 2)) -gt "$all" ]
}
if perf_works; then
	ok 'perf: the time in copies is that of the library' samples_in_zlib
else
	skip perf 'perf is not installed, or the kernel does not let it'
fi
echo "1..$ran"
[ "$failed" -eq 0 ]
