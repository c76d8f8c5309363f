# SPDX-License-Identifier: Apache-2.0
#
# tap.sh: sourced by the tests beside it, which have a folder $scratch. They end with the plan, "1..$ran", and [ "$failed" -eq 0 ].
ran=0
failed=0

# ok NAME COMMAND... - passes when COMMAND does; its output is in $scratch/out, and shown when it does not.
ok() {
	local name=$1
	shift
	ran=$((ran + 1))
	if "$@" >"$scratch/out" 2>&1; then
		echo "ok $ran - $name"
	else
		failed=$((failed + 1))
		echo "not ok $ran - $name"
		{ echo "# not ok $ran - $name"; tail -n 40 "$scratch/out" | sed 's/^/# /'; } >&2 # where prove shows it
	fi
}
