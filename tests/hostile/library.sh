#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# library.sh - the programs of libraries/: one library each (library.h says what a file looks like).
#   flags NAME         what the compiler and the linker need for it
#   build NAME FOLDER  FOLDER/library-NAME, FOLDER/NAME.plain and the links NAME.isolated, .moving, .shared to the former
#   missing            the Debian packages of those that are not installed
# The status is 2, with a sentence, where the library is not installed.
set -uo pipefail
here=$(dirname "$0")

source_of() {
	local file
	for file in "$here/libraries/$1".c "$here/libraries/$1".cc; do
		[ -e "$file" ] && echo "$file" && return
	done
	echo "library.sh: $1: no such file in $here/libraries" >&2
	return 1
}

# The second line of a file: /* NAME (PACKAGE: FLAGS): WHAT */
field() { # FILE NUMBER: 1 the package, 2 the flags, 3 what
	sed -n '2s,^/[/*] [^ ]* (\([^:]*\): \([^)]*\)): \(.*[^ ]\) *\(\*/\)\{0\,1\}$,\'"$2"',p' "$1" | sed 's, \*/$,,'
}

flags() {
	local file word words=()
	file=$(source_of "$1") || return 1
	for word in $(field "$file" 2); do
		case $word in
		-*) words+=("$word") ;;
		*)
			if ! pkg-config --exists "$word" 2>/dev/null; then
				echo "library.sh: $1: pkg-config does not know $word (Debian package $(field "$file" 1))" >&2
				return 2
			fi
			# shellcheck disable=SC2207
			words+=($(pkg-config --cflags --libs "$word"))
			;;
		esac
	done
	echo "${words[*]}"
}

build() {
	local file words compiler=(${CC:-gcc} -std=gnu11)
	file=$(source_of "$1") || return 1
	words=$(flags "$1") || return $?
	[ "${file##*.}" = cc ] && compiler=(${CXX:-g++})
	compiler+=(-O2 -g -Wall -Wextra -fexceptions -Iinclude -I"$here" -pthread)
	# A header that is not there is a library that is not installed; anything else is a mistake of ours.
	# shellcheck disable=SC2086
	if ! "${compiler[@]}" $words -E -o /dev/null "$file" 2>/dev/null; then
		echo "library.sh: $1: its header is not installed (Debian package $(field "$file" 1))" >&2
		return 2
	fi
	# shellcheck disable=SC2086
	"${compiler[@]}" $words -c -o "$2/$1.o" "$file" &&
		${CXX:-g++} -pthread -o "$2/$1.plain" "$2/plain.c.o" "$2/$1.o" $words &&
		${CXX:-g++} -pthread -rdynamic -o "$2/library-$1" "$2/library.c.o" "$2/$1.o" -L"$2/.." \
			-Wl,--push-state,--no-as-needed -linger -Wl,--pop-state -Wl,-rpath,'$ORIGIN/..' $words &&
		for way in isolated moving shared; do
			ln -sf "library-$1" "$2/$1.$way"
		done
}

# A header that is not there is a library that is not installed.
missing() {
	local file name words
	for file in "$here"/libraries/*.c*; do
		name=$(basename "${file%.*}")
		# shellcheck disable=SC2086
		words=$(flags "$name" 2>/dev/null) && ${CXX:-g++} -x c++ $words -I"$here" -E -o /dev/null "$file" 2>/dev/null ||
			field "$file" 1
	done | sort -u
}

command=${1:?command}
shift
case $command in
flags | build | missing) "$command" "$@" ;;
package) field "$(source_of "$1")" 1 ;;
what) field "$(source_of "$1")" 3 ;;
*) echo "library.sh: $command: no such command" >&2; exit 1 ;;
esac
