#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# limit.t: inger run --limit and --config on programs that nobody here wrote. What a program says after a call that was
# given up is its own error path.
. "$(dirname "$0")/lib.sh"
ulimit -c 0

given_up() { echo "libinger: a call is given up: $1: its budget of $2 is used up; it returns $3"; }
aborted() { echo "libinger: the program is aborted: $1: its budget of $2 is used up; SIGABRT"; }
slow() { echo "libinger: a call was slow: $1: its budget of $2 is used up; it took [0-9]+ us"; }
n='
'

# ---- libpng: pngtopnm on a bomb, whose passes are read by png_read_image()
python3 - "$DATA" <<'EOF'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def picture(side):  # black, interlaced
    packed = zlib.compressobj(1)
    parts = []
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        row = bytes(1 + 3 * ((side - x + dx - 1) // dx))
        parts += [packed.compress(row) for _ in range((side - y + dy - 1) // dy)]
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(parts) + packed.flush()) + chunk(b"IEND", b"")
for name, side in ("bomb", 6000), ("good", 64):
    with open(sys.argv[1] + "/" + name + ".png", "wb") as f:
        f.write(picture(side))
EOF
pngtopnm "$DATA/good.png" >"$DATA/good.pnm" 2>/dev/null
png='libpng16.so:png_read_image=40ms'
watched "$TMP/plain" /dev/null pngtopnm "$DATA/bomb.png"
watched "$TMP/sliced" /dev/null "$INGER" run --limit "$png:return=0" -- pngtopnm "$DATA/bomb.png"
is 'a bomb: pngtopnm goes on to its end' "$status" 'exit 0'
# Which of libpng's complaints about the rest it is depends on where the call was given up.
matches 'and says of the picture what libpng says' "$(cat "$TMP/sliced/err")" \
	"$(given_up libpng16.so.16:png_read_image '40 ms' 0)${n}libpng (warning|error): [^$n]*"
is 'a picture of the right size, as far as it was read' "$(wc -c <"$TMP/sliced/out")" "$(wc -c <"$TMP/plain/out")"
tool 'abort: pngtopnm ends with SIGABRT, and the function is named' 'signal 6' '' \
	"$(aborted libpng16.so.16:png_read_image '40 ms')" -- run --limit "$png:abort" -- pngtopnm "$DATA/bomb.png"
tool 'abort is what happens when no action is given' 'signal 6' '' \
	"$(aborted libpng16.so.16:png_read_image '40 ms')" -- run --limit "$png" -- pngtopnm "$DATA/bomb.png"
watched "$TMP/sliced" /dev/null "$INGER" run --limit "$png:return=0" -- pngtopnm "$DATA/good.png"
ok 'a picture within the budget: the same' cmp -s "$TMP/sliced/out" "$DATA/good.pnm"
is 'and no message' "$(cat "$TMP/sliced/err")" ''
printf '# decoders\n\n%s\n' "$png:return=0" >"$DATA/limits.conf"
watched "$TMP/sliced" /dev/null "$INGER" run --config "$DATA/limits.conf" -- pngtopnm "$DATA/bomb.png"
is 'the same rule from a file' "$(head -n 1 "$TMP/sliced/err")" "$(given_up libpng16.so.16:png_read_image '40 ms' 0)"

# ---- libjpeg: a progressive picture is decoded whole by jpeg_start_decompress()
pgmnoise -randomseed 1 4000 4000 2>/dev/null | cjpeg -progressive -quality 95 >"$DATA/noise.jpg"
tool 'libjpeg: djpeg reports what the library says of such a state' 'exit 1' '' \
	"$(given_up libjpeg.so.62:jpeg_start_decompress '20 ms' 0)${n}Improper call to JPEG library in state [0-9]+" -- \
	run --limit 'libjpeg.so:jpeg_start_decompress=20ms:return=0' -- djpeg -outfile /dev/null "$DATA/noise.jpg"
tool 'log: it decodes the picture, and how long that took is said' 'exit 0' '' \
	"$(slow libjpeg.so.62:jpeg_start_decompress '20 ms')" -- \
	run --limit 'libjpeg.so:jpeg_start_decompress=20ms:log' -- djpeg -outfile /dev/null "$DATA/noise.jpg"

# ---- zlib: compress2() found by dlsym(), from Python's ctypes
cat >"$DATA/compress.py" <<'EOF'
import ctypes, zlib
z = ctypes.CDLL("libz.so.1")
source = bytes(range(256)) * 1200000
room = ctypes.c_ulong(z.compressBound(ctypes.c_ulong(len(source))))
target = ctypes.create_string_buffer(room.value)
print("compress2:", z.compress2(target, ctypes.byref(room), source, ctypes.c_ulong(len(source)), 9))
print(zlib.decompress(zlib.compress(b"afterwards")).decode())
EOF
tool 'zlib: compress2() of 300 MB returns Z_BUF_ERROR, and zlib works afterwards' 'exit 0' "compress2: -5${n}afterwards" \
	"$(given_up libz.so.1:compress2 '50 ms' -5)" -- \
	run --limit 'libz.so:compress2=50ms:return=-5' -- python3 "$DATA/compress.py"

# ---- regexec() in bash
cat >"$DATA/match.sh" <<'EOF'
long=$(printf 'a%.0s' {1..200}) pattern='(.*)(.*)(.*)(.*)\1\2\3\4b'
for i in 1 2 3; do
	[[ $long =~ $pattern ]]
	echo "$?"
	[[ abc =~ a(.)c ]] && echo "${BASH_REMATCH[1]}"
done
EOF
one=$(given_up libc.so.6:regexec '30 ms' 1)
tool 'bash: a catastrophic expression does not match, a good one does' 'exit 0' "1${n}b${n}1${n}b${n}1${n}b" "$one$n$one$n$one" -- \
	run --limit 'regexec=30ms:return=1' -- bash "$DATA/match.sh"

# ---- std::regex in a C++ library
cat >"$DATA/matcher.h" <<'EOF'
#include <string>
struct Matcher {
	std::string pattern;
	bool match(const std::string &text) const;
};
EOF
cat >"$DATA/matcher.cc" <<'EOF'
#include "matcher.h"
#include <regex>
bool Matcher::match(const std::string &text) const { return std::regex_match(text, std::regex(pattern)); }
EOF
cat >"$DATA/match.cc" <<'EOF'
#include "matcher.h"
#include <iostream>
int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		try {
			std::cout << (Matcher{argv[1]}.match(argv[i]) ? "yes" : "no") << std::endl;
		} catch (const std::exception &e) {
			std::cout << e.what() << std::endl;
		}
}
EOF
(cd "$DATA" && g++ -O2 -fPIC -shared -o libmatcher.so matcher.cc && g++ -O2 -o match match.cc -L. -lmatcher -Wl,-rpath,'$ORIGIN')
tool 'std::regex: given up, and the next match is right' 'exit 0' "no${n}yes" "$(given_up libmatcher.so:Matcher::match '50 ms' 0)" -- \
	run --limit '*:Matcher::match=50ms:return=false' -- "$DATA/match" '(a*)*b' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aab
tool 'an exception passes a limited function' 'exit 0' "Mismatched .*" '' -- \
	run --limit 'libmatcher.so:Matcher::match(*=10s' -- "$DATA/match" '(a' b

# ---- sqlite3: a query without an end
forever='WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c'
tool 'sqlite3: a runaway query is aborted' 'signal 6' '' "$(aborted libsqlite3.so.0:sqlite3_step '100 ms')" -- \
	run --limit '*:sqlite3_step=100ms:abort' -- sqlite3 :memory: "$forever"
tool 'sqlite3: a long query is reported, and its result is right' 'exit 0' "2000000" "$(slow libsqlite3.so.0:sqlite3_step '50 ms')" -- \
	run --limit '*:sqlite3_step=50ms:log' -- sqlite3 :memory: "${forever/FROM c)/FROM c LIMIT 2000000)}"

# ---- everything at once: what is only watched behaves as it does alone
cat >"$DATA/all.sh" <<'EOF'
(sleep 0.01; echo child) &
wait $!
echo "$(printf '%s\n' c a b | sort | tr a-z A-Z)" | while read -r x; do echo "<$x>"; done
trap 'echo trapped' USR1
kill -USR1 $$
f() { local i; for ((i = 0; i < 1000; i++)); do :; done; echo "$i"; }
f
EOF
everything() {
	local name=$1
	shift
	watched "$TMP/plain" /dev/null "$@"
	local plain_status=$status extra
	for extra in '' '--slice 100us' '--slice 50us --torture'; do
		# shellcheck disable=SC2086
		watched "$TMP/sliced" /dev/null "$INGER" run --limit '*=1h:log' $extra -- "$@"
		is "$name, every function limited $extra" "$status: $(cat "$TMP/sliced/out")" "$plain_status: $(cat "$TMP/plain/out")"
	done
}
everything bash bash "$DATA/all.sh"
everything python3 python3 -c 'import json, sqlite3, subprocess, threading
t = [threading.Thread(target=lambda: json.dumps(list(range(1000)))) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
print(sqlite3.connect(":memory:").execute("select 1+1").fetchone(), subprocess.run(["echo", "x"], capture_output=True).stdout)'
everything perl perl -e 'my $pid = fork // die; if (!$pid) { exit 3 } waitpid $pid, 0; print $? >> 8, " ", join(",", sort { $a <=> $b } 10, 9, 1), "\n"'
everything openssl openssl dgst -sha256 "$DATA/noise.jpg"
everything sqlite3 sqlite3 :memory: 'select sum(value) from generate_series(1,100000)'

# ---- slices and limits in one run
cat >"$DATA/both.c" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
int main(void)
{
	uLong size = 120000000, room = compressBound(size);
	Bytef *from = calloc(1, size), *to = malloc(room);
	for (uLong i = 0; i < size; i++)
		from[i] = (Bytef)(i * i >> 7);
	printf("%d\n", compress2(to, &room, from, 20000, 6));
	room = compressBound(size);
	printf("%d\n", compress2(to, &room, from, size, 9));
	return 0;
}
EOF
gcc -O2 -o "$DATA/both" "$DATA/both.c" -lz
watched "$TMP/sliced" /dev/null "$INGER" run --slice 100us --stats --limit 'compress2=60ms:return=-5' -- "$DATA/both"
is 'slices and a limit: given up' "$status: $(cat "$TMP/sliced/out")" "exit 0: 0${n}-5"
ok 'main() is sliced inside the limited function' [ "$(sed -n 's/^libinger: pauses=\([0-9]*\).*/\1/p' "$TMP/sliced/err")" -ge 100 ]
ok '--stats counts the calls' grep -qE '^libinger: limit libz.so.1:compress2 calls=2 used_up=1 longest_us=[0-9.]+$' "$TMP/sliced/err"
tool '--stats names rules that no function matches' 'exit 0' '' \
	"libinger: pauses=0 .*${n}libinger: limit no_such_function=1s: no function that was called through the linker matches" -- \
	run --stats --limit no_such_function=1s -- echo
tool '--no-follow: the program has limits, its children have none' 'exit 0' "0" "($(slow libc.so.6:waitpid '1 ms')$n?)+" -- \
	run --no-follow --limit 'waitpid=1ms:log' --limit 'nanosleep=1ms:log' -- bash -c 'sleep 0.05; env | grep -c INGER; :'

# ---- as a new user would get it wrong
usage="${n}usage: inger run .*"
tool 'an empty rule' 'exit 2' '' "inger: run: --limit: \"\": is empty$usage" -- run --limit '' -- true
tool 'no budget' 'exit 2' '' "inger: run: --limit: \"regexec\": \"regexec\" is not PATTERN=BUDGET.*$usage" -- run --limit regexec -- true
tool 'an unknown action' 'exit 2' '' "inger: run: --limit: .*action \"explode\" is none of return=VALUE, abort, log, signal=NAME$usage" -- \
	run --limit 'regexec=1s:explode' -- true
tool 'an empty pattern' 'exit 2' '' "inger: run: --limit: .*names no function.*$usage" -- run --limit 'libz.so:=1s' -- true
tool 'a bracket that is not closed' 'exit 2' '' "inger: run: --limit: .*bracket is not closed$usage" -- run --limit '[abc=1s' -- true
printf 'compress2=1s\n\nuncompress=soon\n' >"$DATA/bad.conf"
tool 'a wrong line in a file is named by its number' 'exit 2' '' "inger: --config: $DATA/bad.conf: line 3: .*" -- \
	run --config "$DATA/bad.conf" -- true
tool 'a file that is not there' 'exit 2' '' "inger: --config: /no/such/file: no such file or directory" -- run --config /no/such/file -- true
export INGER_LIMITS='regexec=soon'
tool 'a wrong value in the environment is reported once, and the program runs' 'exit 0' "x" \
	"libinger: functions have no limits: INGER_LIMITS: line 1: \"regexec=soon\" is not .*" -- run --clock timer --stack 0 -- echo x
unset INGER_LIMITS
finish
