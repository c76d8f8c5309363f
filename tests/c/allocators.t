#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# allocators.t: launches in processes with another allocator than libc's.
build=${BUILD:-build}
library=$(realpath "$build/libinger.so")
inside=$build/tests/allocators_inside
lib=/usr/lib/x86_64-linux-gnu
count=0
failed=0

# check NAME COMMAND…
check() {
	local name=$1 said status
	shift
	count=$((count + 1))
	said=$(timeout -s KILL 60 "$@" 2>&1)
	status=$?
	[ $status = 0 ] && echo "ok $count - $name" && return
	failed=1
	echo "not ok $count - $name: status $status"
	printf '%s\n' "$said" | tail -n 5 | sed 's/^#* */# /'
}

for file in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so; do
	if [ ! -e $lib/$file ]; then
		count=$((count + 1))
		echo "ok $count # skip $file is not installed"
		continue
	fi
	for order in "$lib/$file" "$library $lib/$file"; do
		[ "$order" = "$lib/$file" ] && where=before || where=behind
		for what in storm cancels pairs; do
			for kind in isolated shared; do
				check "$file $where the library: $what, $kind" env LD_PRELOAD="$order" "$inside" $what $kind
			done
		done
	done
done
echo "1..$count"
exit $failed
