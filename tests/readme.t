#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# readme.t: what README.md shows is run as it stands there, on an installed copy: every C block is compiled with the flags it names,
# and every command line of the tool is called. The files that the lines name are made here; a line that names another fails.
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES PKG_CONFIG_PATH PKG_CONFIG_LIBDIR CPATH LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD
. "$root/tests/tap.sh"
# run NAME COMMAND... - ok, and what it printed is kept for the checks that follow.
run() {
	ok "$@" </dev/null
	mv "$scratch/out" "$scratch/said"
}
# says PATTERN - whether what was run last printed it.
says() { grep -Eq -- "$1" "$scratch/said"; }

ok 'make install' make -C "$root" install DESTDIR="$scratch/stage" PREFIX=/usr/local
home=$scratch/stage/usr/local
export PKG_CONFIG_LIBDIR=$home/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$scratch/stage
export PATH=$home/bin:$PATH LD_LIBRARY_PATH=$home/lib:$root/build/examples CPATH=$home/include LIBRARY_PATH=$home/lib:$root/build/examples
cd "$scratch" || exit 1

# ---- C
# program BLOCK - a block without main() is what a function has in it; what it takes for given is declared around it.
program() {
	if grep -q 'main(' "$1"; then
		cat "$1"
		return
	fi
	grep '^#include' "$1"
	cat <<-'END'
		#include <err.h>
		#include <errno.h>
		#include <inger.h>
		static void spin(void *turns) { for (;;) ++*(volatile unsigned long *)turns; }
		static void func(void *arg) { *(int *)arg = 1; }
		int main(void)
		{
			unsigned long turns = 0;
			int done = 0;
			void *arg = &done;
			(void)turns, (void)arg, (void)spin, (void)func;
	END
	grep -v '^#include' "$1"
	echo '}'
}
awk '/^```c$/ { inside = 1; n++; next } /^```/ { inside = 0 } inside { print > ("block" n) }' "$root/README.md"
compile=$(sed -n 's/^    \(cc hello\.c .*\)/\1/p' "$root/README.md")
ok 'the line that compiles is there, and the other way' test "$(grep -c 'pkg-config --cflags --libs inger.*cc hello.c -linger' <<<"$compile")" = 1
count=$(ls block* | wc -l)
ok 'there are C blocks' test "$count" -ge 4
for n in $(seq "$count"); do
	program "block$n" >hello.c
	turtle=
	grep -q libturtle hello.c && turtle=-lturtle
	ok "C block $n compiles by pkg-config" bash -c "${compile%%#*} $turtle"
	run "C block $n runs" timeout 60 ./a.out
	ok "C block $n compiles without pkg-config" bash -c "${compile##*pkg-config: } $turtle"
	run "and runs" timeout 60 ./a.out
	[ "$n" != 1 ] || ok 'the first one is cancelled' says '^[1-9][0-9]* turns: '
	[ "$n" != 1 ] || cp a.out program
done

# ---- the tool
seq 200000 | sort -R >big.txt
echo 'print(sum(i * i for i in range(100000)))' >script.py
python3 - >laughs.xml <<-'END'
	print('<!DOCTYPE a [<!ENTITY a "' + 'x' * 100 + '">' +
	      ''.join('<!ENTITY %s "%s">' % (c, ('&%s;' % p) * 10) for p, c in zip('abcdefg', 'bcdefgh')) + ']><a>&h;</a>')
END
cat >busy.c <<-'END'
	#include <inger.h>
	#include <unistd.h>
	static void spin(void *turns) { for (;;) ++*(volatile unsigned long *)turns; }
	int main(void)
	{
		unsigned long turns = 0;
		for (;;) {
			(void)inger_call(spin, &turns, 10000, NULL);
			(void)!write(1, ".", 1);
		}
	}
END
cc -o busy busy.c -linger
./busy >busy.out &
busy=$!
for ((i = 0; i < 600 && $(stat -c %s busy.out) == 0; i++)); do sleep 0.1; done
while IFS= read -r line; do
	line=$(sed 's/ *#.*//' <<<"$line")
	command=$line want=0
	case $line in
	'inger top PID') command="inger top --count 2 $busy" ;; # else it looks until ^C
	*xmllint*) want=1 ;;                                # xmllint's own, for a file that cannot be read
	esac
	run "$line" bash -c "timeout 100 $command; [ \$? = $want ]"
	case $line in
	*xmllint*) ok 'gives up in time' says '^libinger: a call is given up: libxml2[^ ]*:xmlReadFile: its budget of 300 ms is used up; it returns 0' ;;
	*--stats*) ok 'shows statistics' says '^libinger: .*[0-9]' ;;
	'inger top'*) ok 'shows launches' says '[0-9]' ;;
	'inger trace'*) ok 'leaves a trace' test -s sort.json ;;
	'inger doctor'*) ok 'says something' says . ;;
	esac
done < <(sed -n 's/^    \(\$ \)\{0,1\}\(inger .*\)/\2/p' "$root/README.md")
kill "$busy"
preload=$(sed -n 's/.*By hand: `\(INGER_SLICE=[^`]*\) PROGRAM`.*/\1/p' "$root/README.md")
ok 'the way by hand is there' test -n "$preload"
ok 'and works' bash -c "${preload//\/usr\/local/$home} sort -c <(sort big.txt)"
echo "1..$ran"
[ "$failed" -eq 0 ]
