#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# install.t: what `make install` leaves is complete: a program finds header, library and manual through it alone.
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES PKG_CONFIG_PATH PKG_CONFIG_LIBDIR CPATH LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD
. "$root/tests/tap.sh"
same() { [ "$1" = "$2" ] || { printf 'got    %s\nwanted %s\n' "$1" "$2"; false; }; }

stage=$scratch/stage
ok 'make install with DESTDIR' make -C "$root" install DESTDIR="$stage" PREFIX=/opt/inger
cp "$scratch/out" "$scratch/said"
ok 'says that the linker has to learn of it' grep -q '^install: run ldconfig' "$scratch/said"
home=$stage/opt/inger
listed=$(cd "$stage" 2>/dev/null && find . -path '*/man/*' -prune -o \( -type f -o -type l \) -print | sort)
ok 'the files' same "$listed" './opt/inger/bin/inger
./opt/inger/include/gotcha.h
./opt/inger/include/inger.h
./opt/inger/lib/libinger.so
./opt/inger/lib/libinger.so.0
./opt/inger/lib/libinger.so.0.1.0
./opt/inger/lib/pkgconfig/inger.pc
./opt/inger/share/bash-completion/completions/inger
./opt/inger/share/gdb/auto-load/opt/inger/lib/libinger.so.0.1.0-gdb.py
./opt/inger/share/inger/inspect.schema.json
./opt/inger/share/inger/libinger.supp'
pages=$(cd "$root/docs/man" && ls -- *.[137] | sort)
ok 'there are manual pages' [ -n "$pages" ]
ok 'the manual pages' same "$(find "$home/share/man" -type f -printf '%f\n' 2>/dev/null | sort)" "$pages"
ok 'libinger.so.0 leads to the library' same "$(readlink -f "$home/lib/libinger.so")" "$(readlink -f "$home/lib/libinger.so.0.1.0")"
ok 'nothing outside DESTDIR' same "$(ls "$stage")" opt
ok 'LIBDIR moves the library' make -C "$root" install DESTDIR="$scratch/other" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu
ok 'to where it says' test -f "$scratch/other/usr/lib/x86_64-linux-gnu/pkgconfig/inger.pc"

# As on a system whose root is the stage: the prefix as installed, found under the sysroot.
export PKG_CONFIG_LIBDIR=$home/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage
read -ra cflags <<<"$(pkg-config --cflags inger)"
read -ra libs <<<"$(pkg-config --libs inger)"
cat >"$scratch/program.c" <<'END'
#include <gotcha.h>
#include <inger.h>
#include <errno.h>
#include <stdio.h>
static void spin(void *stop)
{
	while (!*(volatile int *)stop)
		;
}
int main(void)
{
	int stop = 0;
	linger_t call = launch(spin, 1000, &stop);
	if (!call.continuation || call.is_complete)
		return 1;
	stop = 1;
	if (resume(&call, TO_COMPLETION) != 0 || !call.is_complete)
		return 2;
	struct inger_attr attr = INGER_ATTR_INIT;
	stop = 0;
	call = inger_launch_attr(spin, 0, &stop, &attr);
	if (cancel(&call) != 0)
		return 3;
	gotcha_t *whole = gotcha_open(NULL);
	if (!whole || !gotcha_sym(whole, "puts") || gotcha_enter(whole) != 0 || gotcha_leave() != 0 || gotcha_close(whole) != 0) {
		fprintf(stderr, "%s\n", inger_strerror(errno));
		return 4;
	}
	if (inger_shutdown() != 0)
		return 5;
	puts(inger_version());
	return 0;
}
END
cp "$scratch/program.c" "$scratch/program.cc"
strict=(-Wall -Wextra -Werror -pedantic -O2)
for std in c99 c11 gnu17; do
	ok "a C program, $std" gcc -std=$std "${strict[@]}" "${cflags[@]}" -o "$scratch/c" "$scratch/program.c" "${libs[@]}"
done
for std in c++11 c++20; do
	ok "a C++ program, $std" g++ -std=$std "${strict[@]}" "${cflags[@]}" -o "$scratch/cc" "$scratch/program.cc" "${libs[@]}"
done
version=$(pkg-config --modversion inger)
for program in c cc; do
	ok "the program runs and has pkg-config's version: $program" same \
		"$(LD_LIBRARY_PATH=$home/lib timeout 60 "$scratch/$program"; echo $?)" "$version"$'\n0'
done
ok 'the tool finds the library beside it' timeout 60 "$home/bin/inger" run --slice 1ms -- true
ok 'the tool has the same version' same "$("$home/bin/inger" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+')" "$version"
echo "1..$ran"
[ "$failed" -eq 0 ]
