#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# limit_everything.t: programs of the other tests, with a limit on every function that they call through the linker and that
# is never used up. They throw, jump, switch stacks, launch, isolate and cancel, and must not notice.
export INGER_LIMITS='*=1h:log'
programs='cxx libs_iostream libs_sqlite libs_png libs_lua cancel_call cancel_locks cancel_unwind isolate_file
	isolate_loader_class isolate_text launch_pause longjmp_inside nesting signals_jumps signals_own state_survives stdio_inside
	swapcontext_inside thread_exit fork_child spawn_inside'
count=0
failed=0
for program in $programs; do
	for run in "$program" "$program.preload"; do
		count=$((count + 1))
		preload=
		[ "$run" = "$program" ] || preload=$(realpath "$BUILD/libinger.so")
		if output=$(LD_PRELOAD=$preload timeout 50 "$BUILD/tests/$run" 2>&1); then
			echo "ok $count - $run"
		else
			echo "not ok $count - $run: status $?"
			grep -E '^(not ok|#|libinger:)' <<<"$output" | head -n 20 | sed 's/^/# /'
			failed=1
		fi
	done
done
echo "1..$count"
exit $failed
