#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# own_malloc.t: programs that have a malloc() of their own, and programs that are built with a sanitizer.
build=${BUILD:-build}
library=$(realpath "$build/libinger.so")
own=$build/tests/own_malloc_inside
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
unset LD_PRELOAD INGER_OWN_MALLOC
count=0
failed=0

# check NAME STATUS PATTERN COMMAND…: it ends with STATUS, and what it says matches PATTERN, which is none or an extended
# regular expression.
check() {
	local name=$1 want=$2 pattern=$3 said status
	shift 3
	count=$((count + 1))
	said=$(timeout -s KILL 60 "$@" 2>&1)
	status=$?
	[ $status = "$want" ] && { [ "$pattern" = none ] && [ -z "$said" ] || grep -qE -e "$pattern" <<<"$said"; } &&
		echo "ok $count - $name" && return
	failed=1
	echo "not ok $count - $name: status $status"
	printf '%s\n' "$said" | tail -n 5 | sed 's/^#* */# /'
}

check 'a launch is refused with ENOTSUP and the reason' 0 none "$own" refused
check 'INGER_OWN_MALLOC=1 launches all the same' 0 none env INGER_OWN_MALLOC=1 "$own" launched
check 'and 0 is as none' 0 none env INGER_OWN_MALLOC=0 "$own" refused
check 'an option that the library asks Go for leaves it in force' 0 none env INGER_SEED=0x1 INGER_OWN_MALLOC=1 "$own" launched
check 'main() runs in slices' 0 none "$build/inger" run --slice 50us -- "$own.preload" main
check '--torture is off there, and the program is the only one that says anything' 0 none \
	"$build/inger" run --slice 50us --torture -- "$own.preload" main
check 'but with --stats' 0 'without torture: malloc: ' "$build/inger" run --slice 50us --torture --stats -- "$own.preload" main
said=$("$build/inger" run --slice 50us --torture --stats -- "$own.preload" main 2>&1 | grep -c 'without torture')
count=$((count + 1))
[ "$said" = 1 ] && echo "ok $count - once" || { failed=1; echo "not ok $count - once: $said times"; }
check 'launches in slices are refused, too' 0 none "$build/inger" run --slice 50us -- "$own.preload" refused

# The runtimes come with the compiler, or do not.
for sanitizer in address thread; do
	program=$scratch/$sanitizer
	what=refused
	[ $sanitizer = address ] && what=launched
	if ! ${CC:-cc} -D_GNU_SOURCE -O1 -g -Iinclude -DLIBC_MALLOC -fsanitize=$sanitizer -o "$program" tests/c/own_malloc_inside.c \
		-L"$build" -linger -Wl,-rpath,"$(dirname "$library")" -pthread 2>"$scratch/said"; then
		count=$((count + 1))
		echo "ok $count # skip no -fsanitize=$sanitizer here"
		continue
	fi
	pattern=none
	[ $sanitizer = thread ] && pattern='not available: ThreadSanitizer: '
	check "-fsanitize=$sanitizer: $what" 0 "$pattern" "$program" $what
done
echo "1..$count"
exit $failed
