#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# text.t: awk, sed, grep and their like: regular expressions, hash tables, floating point, line buffers.
. "$(dirname "$0")/lib.sh"

seq 1 120000 | awk '{ print $1 % 977, "word" ($1 * 7919) % 10007, $1 * 1.5, "the quick brown fox" }' >"$DATA/lines"
export DATA

same 'awk sums and counts' -- awk '{ n[$1]++; s += $3 } END { for (i = 0; i < 977; i++) t += i * n[i]; printf "%.3f %d\n", s, t }' "$DATA/lines"
same 'sed substitutes' -- sed -e 's/\([a-z]*\)\([0-9]*\) /<\2:\1> /' -e '/fox/!d' -e 'y/abc/ABC/' "$DATA/lines"
same 'grep -E' -- grep -E -c '(word1|word2)[0-9]*7 .*(quick|slow)' "$DATA/lines"
modes 50us 100us+torture
same 'awk computes' -- awk 'BEGIN { for (i = 1; i < 900000; i++) s += sin(i) * sqrt(i) / log(i + 1); printf "%.9f\n", s }'
same 'awk on strings' -- awk '{ t = t substr($2, 3, 3); if (length(t) > 5000) { gsub(/[0-4]/, "x", t); n += split(t, a, "x"); t = "" } } END { print n }' "$DATA/lines"
same 'awk reads from a command and writes to one' -- awk 'BEGIN { while (("seq 1 5000" | getline x) > 0) print x | "sort -rn | head -n 3"; close("sort -rn | head -n 3"); print system("exit 3") }'
same 'awk prints to many files' -- bash -c 'awk "{ print > (\"out\" \$1 % 10) } END { for (i = 0; i < 10; i++) close(\"out\" i) }" "$DATA/lines"; cat out* | md5sum'
head -n 2000 "$DATA/lines" >"$DATA/few"
same 'sed holds and branches' -- sed -n '1!G;h;$p' "$DATA/few"
same 'sed -i' -- bash -c 'cp "$DATA/lines" l; sed -i "s/fox/cat/" l; md5sum l'
same 'grep with back references' -- grep -c '\([0-9]\)\1\1' "$DATA/lines"
same 'grep -i in a UTF-8 locale' -- env LC_ALL=C.UTF-8 grep -i -c 'QUICK b.own' "$DATA/lines"
same 'grep -r, with context' -- bash -c 'mkdir d; split -l 20000 "$DATA/lines" d/p; grep -rn -C 1 "word7777" d | sort'
same -s 'exit 1' 'grep finds nothing' -- grep -q 'no such line' "$DATA/lines"
same 'diff and cmp' -- bash -c 'sed 5000,5010d "$DATA/lines" >a; diff "$DATA/lines" a; cmp "$DATA/lines" a; diff -u a a'
if command -v gawk >/dev/null; then
	same 'gawk' -- gawk '{ a[$2]++ } END { n = asorti(a, b); print n, b[1], b[n] }' "$DATA/lines"
fi
finish
