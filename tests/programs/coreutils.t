#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coreutils.t: small programs that read, sort, sum and walk.
. "$(dirname "$0")/lib.sh"

seq 1 200000 | shuf --random-source=/bin/bash >"$DATA/shuffled"
seq 1 8000000 | head -c 60000000 >"$DATA/sixty"
mkdir -p "$DATA/tree"
for dir in a a/b a/b/c d; do
	mkdir -p "$DATA/tree/$dir"
	for i in {1..60}; do
		seq "$i" $((i * 20)) >"$DATA/tree/$dir/file$i"
	done
	ln -s file1 "$DATA/tree/$dir/link"
done
find "$DATA/tree" -exec touch -h -d '2020-02-02 02:02:02' {} +
export DATA

same 'md5sum of 60 MB' -- md5sum "$DATA/sixty"
modes 50us 50us+torture
same 'sha256sum of 60 MB' -- sha256sum "$DATA/sixty"
modes 50us 100us 1ms 50us+torture 100us+torture

same 'sort, in memory, with threads' -- sort "$DATA/shuffled"
same 'sort -n' -- sort -n "$DATA/shuffled"
modes 50us 100us+torture
same 'sort -S 2M, with temporary files' -- sort -S 2M -T . "$DATA/shuffled"
same 'sort -u -k, one thread' -- sort -u -k 1.2,1.4 --parallel=1 "$DATA/shuffled"
same 'cksum, sum and b2sum' -- bash -c 'cksum "$DATA/shuffled"; sum "$DATA/shuffled"; b2sum "$DATA/shuffled"'
same 'wc' -- wc "$DATA/sixty"
same 'wc -m in a UTF-8 locale' -- env LC_ALL=C.UTF-8 wc -m "$DATA/shuffled"
same -i "$DATA/shuffled" 'tr reads standard input' -- tr 0-9 a-j
same 'cut' -- cut -c 2-4 "$DATA/shuffled"
same 'seq' -- seq -w 0 3 2000000
same 'factor' -- factor 1000000007 18446744073709551557 999999866000004473
same 'tac, nl, fold, paste, comm, join, uniq' -- bash -c '
	tac "$DATA/shuffled" | nl | fold -w 7 | tail -n 1000
	sort "$DATA/shuffled" >a; sort -r "$DATA/shuffled" | sort >b
	comm -3 a b; join a b | tail -n 3; paste a b | head -n 3; uniq -c a | tail -n 2'
same 'split and cat put a file together again' -- bash -c 'split -b 1000000 "$DATA/sixty" part; cat part* | cmp - "$DATA/sixty" && ls'
same -f 'shuf, od and base64' -- bash -c 'shuf --random-source=/bin/bash -i 1-50000 >s; od -x s | tail -n 5; base64 s | base64 -d | cmp - s'

modes 50us 100us 1ms 50us+torture 100us+torture
same -f 'tar packs a tree' -- tar -C "$DATA" --sort=name --owner=0 --group=0 --numeric-owner -cf tree.tar tree
tar -C "$DATA" --sort=name --owner=0 --group=0 --numeric-owner -czf "$DATA/tree.tgz" tree
modes 50us 50us+torture
same -f 'tar unpacks what gzip gives it' -- tar -xvzf "$DATA/tree.tgz"
same 'tar lists' -- tar -tvzf "$DATA/tree.tgz"

same 'ls -lR' -- ls -lR "$DATA/tree"
same 'ls -U, --color and --sort' -- bash -c 'ls --color=always "$DATA/tree"; ls -S --sort=version "$DATA/tree/a"'
same 'find and xargs' -- bash -c 'find "$DATA/tree" -name "*7" | sort | xargs -n 4 -P 2 md5sum | sort'
same 'du, stat and readlink' -- bash -c 'du -ab "$DATA/tree" | sort; stat -c "%n %s %a %Y" "$DATA"/tree/a/*; readlink -f "$DATA/tree/a/link"'
same 'date' -- date -d '2024-02-29 12:34:56 UTC + 1 year' '+%c %s %j %V'
same 'date in another time zone' -- env TZ=Europe/Berlin date -d @1700000000 '+%F %T %Z'
same 'cat through pipes' -- bash -c 'cat "$DATA/sixty" | cat | cat -u | cat - | md5sum'
same 'dd copies blocks' -- bash -c 'dd if="$DATA/sixty" bs=64k status=none | dd bs=1000 status=none | dd ibs=512 obs=4k conv=swab status=none | md5sum'
same 'dd reads full blocks from a slow pipe' -- bash -c '{ for i in {1..40}; do printf 0123456789; sleep 0.002; done; } | dd bs=100 iflag=fullblock 2>&1 >out | head -n 2; md5sum out'
same -f 'tee writes to several files' -- bash -c 'tee a b c <"$DATA/shuffled" | md5sum'
same -f 'cp -a, mv, rm, mkdir and rmdir' -- bash -c 'cp -a "$DATA/tree" t; mv t/a u; rm -r t/d/file1*; mkdir -p x/y/z; rmdir -p x/y/z'
same 'sleep lasts as long as it should' -- bash -c 's=$(date +%s%N); sleep 0.3; e=$(date +%s%N); echo $(((e - s) >= 300000000))'
same -s 'exit 124' 'timeout ends a program' -- timeout 0.3 sleep 60
same 'tail -f --pid follows a growing file' -- bash -c '
	: >log; { for i in {1..20}; do echo $i >>log; sleep 0.01; done; sleep 0.3; } & tail -n +1 -s 0.05 -f --pid=$! log; wait'
finish
