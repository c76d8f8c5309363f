#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# secure.t: programs that run with privileges of their file, and those that nothing can be preloaded into. `inger run` refuses them in
# one sentence; a set-uid program that is linked with the library takes no option from who runs it.
. "$(dirname "$0")/lib.sh"
umask 022
chmod 755 "$TMP" "$DATA"
cat >"$DATA/program.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <zlib.h>
#ifdef LINKED
#include <inger.h>
static void spin(void *arg) { for (;;) ++*(volatile long *)arg; }
#endif
int main(void)
{
	long n = 0;
#ifdef LINKED
	if (inger_call(spin, &n, 2000, NULL) == 0)
		return 1;
#endif
	for (int i = 0; i < 20; i++)
		n = (long)crc32(0, calloc(1, 1 << 20), 1 << 20);
	printf("secure %lu, crc %lx\n", getauxval(AT_SECURE), n);
	return 0;
}
C
gcc -w -O2 -o "$DATA/dynamic" "$DATA/program.c" -lz || exit 1
gcc -w -O2 -DLINKED -I"$ROOT/include" -o "$DATA/linked" "$DATA/program.c" -L"$ROOT/build" -linger -lz -Wl,-rpath,"$ROOT/build" || exit 1
sed -e 's/.*crc32.*/n = i;/; s/.*zlib.*//' "$DATA/program.c" >"$DATA/alone.c"
gcc -w -O2 -static -o "$DATA/static" "$DATA/alone.c" && gcc -w -O2 -static-pie -fPIE -o "$DATA/static-pie" "$DATA/alone.c" || exit 1

for kind in static static-pie; do
	tool "$kind: refused" 'exit 126' '' 'inger: .*is statically linked.*' -- run --slice 1ms -- "$DATA/$kind"
	tool "$kind: with a limit, too" 'exit 126' '' 'inger: .*is statically linked.*' -- run --limit '*=50ms:log' -- "$DATA/$kind"
done

if [ "$(id -u)" = 0 ] && chown nobody "$DATA/dynamic" "$DATA/linked" && chmod u+s "$DATA/dynamic" "$DATA/linked" &&
	[[ $("$DATA/dynamic") == 'secure 1, '* ]]; then
	tool 'set-uid: refused' 'exit 126' '' 'inger: .*is set-uid; .*' -- run --slice 1ms -- "$DATA/dynamic"
	tool 'set-uid: with a limit, too' 'exit 126' '' 'inger: .*is set-uid; .*' -- run --limit 'libz.so.1:crc32=10us:return=7' -- "$DATA/dynamic"
	wanted=$("$DATA/dynamic")
	# What gives the call up where the program is an ordinary one, and writes a file.
	options=(INGER_LIMITS=libz.so.1:crc32=10us:return=7 INGER_SLICE=1ms INGER_STATS=1 INGER_TRACE="$TMP/trace" INGER_STACK=nonsense)
	cp "$DATA/linked" "$DATA/ordinary"
	matches 'an ordinary program takes the options' "$(env "${options[@]}" "$DATA/ordinary" 2>&1)" '.*crc 7.*'
	ok 'and records' [ -s "$TMP/trace" ]
	rm -f "$TMP/trace"
	is 'a set-uid one that is linked takes none' "$(env "${options[@]}" "$DATA/linked" 2>&1)" "$wanted"
	ok 'and records nothing' [ ! -e "$TMP/trace" ]
else
	skip 'set-uid programs' 'not root, or the file system is nosuid'
fi

# su is set-uid; root runs it like any other program.
if [ "$(id -u)" = 0 ] && command -v su >/dev/null; then
	for what in "--limit libcrypt.so.1:*=50ms:log" "--limit *=200ms:log" "--slice 1ms"; do
		set -f
		read -ra words <<<"$what"
		set +f
		output=$(timeout 100 "$INGER" run "${words[@]}" -- su nobody -s /bin/sh -c 'id -un; exit 3' 2>"$TMP/err" </dev/null)
		is "su under $what: status" $? 3
		is "su under $what: output" "$output" nobody
		ok "su under $what: says no more than once what it can't do" [ "$(grep -c 'new libraries have no limits' "$TMP/err")" -le 2 ]
	done
else
	skip 'su' 'not root'
fi
finish
