#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# exec.t: how programs are found, started and refused, and what their children inherit.
. "$(dirname "$0")/lib.sh"

mkdir "$DATA/bin"
printf '#!/bin/sh\necho "script $0 $1"; exit 5\n' >"$DATA/bin/script"
printf '#!/usr/bin/awk -f\nBEGIN { print "awk", ARGV[1] }\n' >"$DATA/bin/awk script"
printf '#!/nonexistent/interpreter\n' >"$DATA/bin/lost"
printf 'echo text "$1"\n' >"$DATA/bin/text"
printf '#!/bin/sh\n' >"$DATA/bin/forbidden"
printf '\177ELF garbage' >"$DATA/bin/garbage"
chmod +x "$DATA"/bin/*
chmod -x "$DATA/bin/forbidden"
echo 'int main(void) { return 0; }' >"$DATA/true.c"
gcc -static -o "$DATA/bin/static" "$DATA/true.c"
sed 's/.*/int main(int n, char **v) { (void)v; return n; }/' "$DATA/true.c" >"$DATA/count.c"
gcc -o "$DATA/bin/count" "$DATA/count.c"
PATH=$DATA/bin:$PATH
export DATA

modes none 50us 50us+torture
same -s 'exit 5' 'a script with #!' -- "$DATA/bin/script" argument
same 'a script with #!, an option, and a blank in its name' -- "$DATA/bin/awk script" argument
same -s 'exit 5' 'a program found in PATH' -- script argument
same -s 'exit 4' 'arguments are passed on as they are' -- "$DATA/bin/count" --slice '' -x
same 'env -i' -- env -i /usr/bin/env
same 'env -i, then a computing child' -- env -i "$(command -v bash)" -c 'seq 1 200000 | md5sum'
same 'exec -a gives another name' -- bash -c 'exec -a other bash -c "echo \$0 \$BASH_ARGV0"'
same 'the child of a child of a child' -- bash -c 'bash -c "bash -c \"seq 1 200000 | md5sum; exit 3\"; echo \$?"'
same 'xargs, find -exec, nice, nohup, setsid -w, env, timeout start programs' -- bash -c '
	seq 1 40 | xargs -P 2 -n 5 echo | sort; find "$DATA/bin" -name "s*" -exec basename {} \; | sort; nice -n 1 echo nice
	nohup echo nohup 2>/dev/null; setsid -w echo setsid; env A=b sh -c "echo \$A"; timeout 10 echo timeout'
same 'a static program as a child' -- bash -c 'static; echo $?'
same -s 'exit 127' 'a shell that does not find a program' -- bash -c 'no-such-program-here'
same -s 'exit 126' 'a shell that may not execute a program' -- bash -c '"$DATA/bin/forbidden" 2>/dev/null'

line='inger: [^'$'\n'']+'
tool 'no such program: 127' 'exit 127' '' "$line" -- run -- no-such-program-here
tool 'no such file: 127' 'exit 127' '' "$line" -- run --slice 100us -- /nonexistent/program
tool 'not executable: 126' 'exit 126' '' "$line" -- run -- "$DATA/bin/forbidden"
tool 'a folder: 126' 'exit 126' '' "$line" -- run -- /usr
tool 'a static program: 126' 'exit 126' '' "${line}static[^"$'\n'"]*" -- run -- "$DATA/bin/static"
tool 'garbage: 126' 'exit 126' '' "$line" -- run -- "$DATA/bin/garbage"
tool 'a script whose interpreter is missing: 126 or 127' 'exit 12[67]' '' "$line/nonexistent/interpreter[^"$'\n'"]*" -- run -- "$DATA/bin/lost"
tool 'a text file without #! runs under the shell, as from a shell' 'exit 0' 'text word' '' -- run -- "$DATA/bin/text" word
tool 'a bad duration: 2' 'exit 2' '' "inger: .*" -- run --slice 50 -- true
tool 'an unknown option: 2' 'exit 2' '' "inger: .*" -- run --no-such-option -- true
tool 'no program: 2' 'exit 2' '' "inger: .*" -- run --slice 50us

child='bash -c "printf \"%s\n\" \"\${LD_PRELOAD:-none} \${INGER_SLICE:-none} \${INGER_TORTURE:-none}\""'
tool 'children are treated alike' 'exit 0' '.*/libinger\.so[^ ]* 50us none' '' -- run --slice 50us -- bash -c "$child"
tool '--no-follow: children see nothing of us' 'exit 0' 'none none none' '' -- run --slice 50us --no-follow -- bash -c "$child"
tool '--no-follow: nor does the program itself' 'exit 0' '' '' -- run --slice 50us --no-follow -- bash -c 'env | grep -E "^(INGER_(SLICE|TORTURE|STATS|FOLLOW)|LD_PRELOAD)=" ; :'
export LD_PRELOAD=libm.so.6
tool '--no-follow: a preload of the user stays' 'exit 0' 'libm\.so\.6 none none' '' -- run --slice 50us --no-follow -- bash -c "$child"
unset LD_PRELOAD
finish
