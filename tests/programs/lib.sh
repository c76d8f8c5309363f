# SPDX-License-Identifier: Apache-2.0
#
# lib.sh - TAP for programs that must not notice that they are paused. Sourced by tests/programs/*.t.
#
#	same NAME -- COMMAND...          run COMMAND plainly, then under each mode: equal output, errors and exit status
#	same -s STATUS ...               what the plain run must end with: "exit 0" by default; a pattern
#	same -i FILE ...                 standard input instead of /dev/null
#	same -f ...                      the files that COMMAND leaves in its working directory must be equal, too
#	tool NAME STATUS OUT ERR -- ARGS run `inger ARGS`; OUT and ERR are extended regular expressions for the whole text
#	is NAME GOT WANTED; matches NAME GOT PATTERN (an extended regular expression for the whole text)
#	ok NAME CONDITION...; skip NAME REASON
#	modes MODE...                    for the tests that follow
#	limit SECONDS                    per run, for the tests that follow
#	finish                           the plan; last line of each file
#
# A mode is a slice, with "+torture" or not; "none" is a run without slices. Each run has an empty working directory of
# the same path; $DATA is for inputs that several runs share.
#
# INGER             the tool; build/inger by default
# INGER_TEST_MODES  replaces the modes, for all tests
# INGER_SEED        of the torture; random by default, printed first
# INGER_TEST_LIMIT  multiplies the time limits, which are there for hangs; 4: short slices are slow without user-space FS base
set -u
export LC_ALL=C TZ=UTC PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 PERL_HASH_SEED=0 HOME=/nonexistent
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES LD_PRELOAD PERL5LIB PERL5OPT PYTHONPATH CDPATH GREP_OPTIONS \
	TAR_OPTIONS GZIP XZ_OPT XZ_DEFAULTS BASH_ENV ENV POSIXLY_CORRECT GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE \
	INGER_SLICE INGER_TORTURE INGER_STATS INGER_FOLLOW INGER_ISOLATION INGER_LIBSETS INGER_STACK INGER_SIGNAL INGER_LIMITS INGER_CONFIG INGER_TRACE INGER_TRACE_EVENTS PERL_TEST_HARNESS_DUMP_TAP HARNESS_ACTIVE HARNESS_VERSION
# What developers have in front of Debian's programs (version managers, wrappers) is not what is tested here.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
INGER=${INGER:-$ROOT/build/inger}
[ -x "$INGER" ] || { echo "Bail out!  $INGER: not there; run make first"; exit 1; }

TMP=$(mktemp -d "${TMPDIR:-/tmp}/inger-test.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
DATA=$TMP/data
WORK=$TMP/work
mkdir "$DATA" "$TMP/plain" "$TMP/sliced"

# The torture's random choices can be had again.
export INGER_SEED=${INGER_SEED:-$((RANDOM << 15 | RANDOM))}
echo "# INGER_SEED=$INGER_SEED"

count=0
failed=0
hangs=0
modes=()
limit=60

modes() { read -ra modes <<<"${INGER_TEST_MODES:-$*}"; }
limit() { limit=$(($1 * ${INGER_TEST_LIMIT:-4})); }
modes 50us 100us 1ms 50us+torture 100us+torture
limit 60

# result WORD NAME - one TAP line. prove shows only the numbers of what failed: its name goes to stderr too.
result() {
	count=$((count + 1))
	echo "$1 $count - $2"
	[ "$1" = ok ] && return
	failed=$((failed + 1))
	echo "# $(basename "$0"): not ok $count - $2" >&2
}

# say - standard input as TAP comments, cut to a readable length; bytes that are not text are made visible. It follows a
# failure, so it goes to stderr too.
say() { head -c 6000 | cat -v | head -n 40 | sed 's/^/# /' | tee /dev/stderr; }

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

is() {
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		result 'not ok' "$1"
		printf 'got:    %s\nwanted: %s\n' "$2" "$3" | say
	fi
}

matches() {
	if [[ $2 =~ ^($3)$ ]]; then is "$1" '' ''; else is "$1" "$2" "$3"; fi
}

ok() {
	local name=$1
	shift
	if "$@"; then result ok "$name"; else result 'not ok' "$name"; fi
}

# watched DIR STDIN COMMAND... - one run in an empty working directory; sets $status.
watched() {
	local dir=$1 stdin=$2
	shift 2
	rm -rf "$WORK"
	mkdir "$WORK"
	rm -f "$dir"/*
	(cd "$WORK" && exec perl "$ROOT/tests/programs/watch.pl" "$limit" "$dir" "$stdin" "$@")
	status=$(cat "$dir/status" 2>/dev/null) || { echo "Bail out!  watch.pl did not run"; exit 1; }
}

# files - the working directory's contents as text.
files() {
	(cd "$WORK" && find . -type d -print -o -type l -printf '%p -> %l\n' -o -type f -exec sha256sum {} + | sort)
}

# arguments MODE - sets $arguments to those of `inger run`.
arguments() {
	arguments=()
	[ "${1%+torture}" = none ] || arguments+=(--slice "${1%+torture}")
	[ "$1" = "${1%+torture}" ] || arguments+=(--torture)
}

# differs NAME WHAT - show how the sliced run's WHAT is not the plain run's.
differs() {
	echo "# $1 differs (< plain, > sliced):"
	diff --text "$TMP/plain/$1" "$TMP/sliced/$1" | say
}

same() {
	local want='exit 0' stdin=/dev/null compare_files= name mode status arguments option OPTIND=1
	while getopts s:i:f option; do
		case $option in
		s) want=$OPTARG ;;
		i) stdin=$OPTARG ;;
		f) compare_files=1 ;;
		*) echo "Bail out!  same: bad option"; exit 1 ;;
		esac
	done
	shift $((OPTIND - 1))
	name=$1
	[ "$2" = -- ] || { echo "Bail out!  same $name: no --"; exit 1; }
	shift 2

	watched "$TMP/plain" "$stdin" "$@"
	local plain_status=$status
	[ -z "$compare_files" ] || files >"$TMP/plain/files"
	# Without this, a program that is not there or fails at once would be the same under every mode.
	# shellcheck disable=SC2053
	if [[ $plain_status != $want ]]; then
		result 'not ok' "$name: plain run ends with $want"
		echo "ends with: $plain_status" | say
		say <"$TMP/plain/err"
		return
	fi

	for mode in "${modes[@]}"; do
		if [ "$hangs" -ge 3 ]; then
			result 'not ok' "$name, $mode: not run after three hangs in this file"
			continue
		fi
		arguments "$mode"
		watched "$TMP/sliced" "$stdin" "$INGER" run "${arguments[@]}" -- "$@" >"$TMP/comments"
		[ -z "$compare_files" ] || files >"$TMP/sliced/files"
		case $status in
		hang | left) hangs=$((hangs + 1)) ;;
		esac
		local what different=()
		for what in out err ${compare_files:+files}; do
			cmp -s "$TMP/plain/$what" "$TMP/sliced/$what" || different+=("$what")
		done
		if [ "$status" = "$plain_status" ] && [ ${#different[@]} -eq 0 ]; then
			result ok "$name, $mode"
			continue
		fi
		case $status in
		hang) result 'not ok' "$name, $mode: hangs (no end after $limit s)" ;;
		left) result 'not ok' "$name, $mode: leaves processes behind (for $limit s)" ;;
		*) result 'not ok' "$name, $mode" ;;
		esac
		[ "$status" = "$plain_status" ] || echo "ends with: $status; plain: $plain_status" | say
		for what in ${different[@]+"${different[@]}"}; do
			differs "$what"
		done
		cat "$TMP/comments"
		printf 'command: inger run %s -- %s\n' "${arguments[*]}" "$(printf '%q ' "$@")" | say
	done
}

tool() {
	local name=$1 want=$2 out=$3 err=$4 status
	[ "$5" = -- ] || { echo "Bail out!  tool $name: no --"; exit 1; }
	shift 5
	watched "$TMP/sliced" /dev/null "$INGER" "$@"
	# shellcheck disable=SC2053
	if [[ $status == $want ]] && [[ $(cat "$TMP/sliced/out") =~ ^($out)$ && $(cat "$TMP/sliced/err") =~ ^($err)$ ]]; then
		result ok "$name"
		return
	fi
	result 'not ok' "$name"
	printf 'ends with: %s; wanted: %s\nout (wanted: %s):\n' "$status" "$want" "$out" | say
	say <"$TMP/sliced/out"
	printf 'err (wanted: %s):\n' "$err" | say
	say <"$TMP/sliced/err"
}

finish() {
	echo "1..$count"
	[ "$failed" -eq 0 ] || exit 1
}
