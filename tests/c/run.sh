#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM - run one TAP program, for prove --exec. A name ending in .preload gets the library by LD_PRELOAD,
# a name ending in .t is a bash script. TEST_TIMEOUT seconds without an end are a failure with a name: all threads of the
# program and of its children are shown, then it is killed. 240 by default, for hangs: a launch takes 200 times as long where
# the processor has no user-space FS base. What a failing program had to say is repeated on stderr, where prove shows it.
set -m  # the program gets a process group of its own, so that what it started can be found and ended with it
program=$1
name=$(basename "$program")
build=${BUILD:-build}
limit=${TEST_TIMEOUT:-240}
[ "${INGER_SOAK:-0}" = 1 ] && limit=${TEST_TIMEOUT:-1800}
export BUILD=$build
ulimit -c 0
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT

case $program in
*.t)       bash "$program" >"$output" & ;;
*.preload) LD_PRELOAD=$(realpath "$build/libinger.so") "$program" >"$output" & ;;
*)         "$program" >"$output" & ;;
esac
pid=$!

show_threads() {
	local member
	for member in $(ps -eo pid=,pgid= | awk -v group="$pid" '$2 == group { print $1 }'); do
		echo "# threads of $member: $(tr '\0' ' ' <"/proc/$member/cmdline" 2>/dev/null)"
		timeout 20 gdb -p "$member" -batch -nx -ex 'handle all nostop noprint pass' \
			-ex 'thread apply all bt 25' </dev/null 2>/dev/null | sed 's/^/# /'
	done
}

( # the watchdog looks once a second; it ends by itself when the program has
	for ((second = 0; second < limit; second++)); do
		sleep 1
		kill -0 "$pid" 2>/dev/null || exit 0
	done
	{
		show_threads
		echo "not ok - $name: no end after $limit s"
	} >>"$output"
	kill -KILL -- "-$pid"
) &
watchdog=$!
disown "$watchdog"

# gdb stops the program to look at it, which is not its end.
while wait "$pid" 2>/dev/null; status=$?; [ $status -gt 128 ] && kill -0 "$pid" 2>/dev/null; do :; done
kill -- "-$watchdog" 2>/dev/null
kill -KILL -- "-$pid" 2>/dev/null  # children that outlived the program
cat "$output"
if [ $status -ne 0 ]; then
	grep -E '^(#|not ok)' "$output" >&2
	[ $status -gt 128 ] && echo "# $name: ended by signal $((status - 128))" >&2
fi
exit $status
