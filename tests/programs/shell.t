#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# shell.t: shells: fork, pipes, wait, traps, job control, descriptors moved about.
. "$(dirname "$0")/lib.sh"

# sh NAME SCRIPT - the same under bash; options of same come first.
sh() { same "${@:1:$#-1}" -- bash -c "${!#}"; }

sh 'command substitution' 'for i in {1..60}; do x=$(echo "$i" | tr 0-9 a-j); y=$(printf %s "$x$(echo "$x")"); echo "$y"; done'
sh 'pipes' 'for i in {1..25}; do seq 1 500 | sort -n | tail -n 1 | cat; done'
modes 50us 100us 50us+torture
sh -s 'exit 4' 'traps: USR1, EXIT and an exit status' 'trap "echo usr1" USR1; trap "echo exit; exit 4" EXIT; for i in 1 2 3; do kill -USR1 $$; done; echo end'
sh 'traps: INT and TERM from a child' 'trap "echo int" INT; trap "echo term" TERM; for i in 1 2 3; do bash -c "kill -INT $$"; bash -c "kill -TERM $$"; done; echo end'
# bash itself says "No record of process" when a child is gone before it looks (without us, too, on a busy machine).
# Each child ends while bash waits for it: at other moments its handler of SIGCHLD allocates memory, and bash itself crashes.
sh 'traps: CHLD once for each child' 'exec 2>/dev/null; n=0; trap "n=\$((n + 1))" CHLD; for i in {1..5}; do sleep 0.1 & wait; done; echo $n'
sh 'a trap ends wait' 'trap "echo usr1" USR1; sleep 60 & c=$!; { sleep 0.2; kill -USR1 $$; } & wait $c; echo $?; kill $c; wait $c; echo $?'
sh 'traps: ERR, DEBUG and RETURN' 'set -ET; f() { false; return 2; }; trap "echo err" ERR; trap "echo return" RETURN; f; trap "echo debug" DEBUG; :; :'
modes 50us 50us+torture
sh 'background jobs and wait' 'for i in {1..12}; do (sleep 0.0$i; exit $i) & p[i]=$!; done; for i in {1..12}; do wait ${p[i]}; echo $?; done'
# One child at a time, and long enough: bash forgets one that ends before it waits (127 instead of its status).
sh 'wait -n' 'for i in 1 2 3; do (sleep 0.5; exit 5) & sleep 60 & wait -n; echo $?; kill $!; wait $! 2>/dev/null; done; wait -n; echo $?'
sh 'a fifo' 'mkfifo f; seq 1 3000 >f & n=0; while read -r x; do n=$((n + x)); done <f; wait; echo $n'
sh 'read with a timeout' 'mkfifo f; exec 3<>f; read -t 0.2 -u 3 x; echo $?; echo late >&3; read -t 5 -u 3 x; echo $? $x'
sh 'read keeps half a line that came before the timeout' '{ printf half; sleep 0.5; echo more; } | { read -t 0.1 x; echo "$? $x"; read x; echo "$? $x"; }'
sh 'a coprocess' 'coproc C { while read -r x; do echo $((x * 2)); done; }; for i in {1..40}; do echo $i >&${C[1]}; read -r y <&${C[0]}; echo $y; done; eval "exec ${C[1]}>&-"; wait'
sh 'here-documents and here-strings' 'for i in {1..30}; do cat <<E
$i $(echo $i)
E
tr a-z A-Z <<<"word $i"; done; x=$(cat <<E
$(seq 1 20000)
E
); echo ${#x}'
sh 'process substitution' 'diff <(seq 1 2000) <(seq 1 2001); paste <(seq 1 5) <(seq 6 10) | tee >(md5sum >sum) ; sleep 0.2; cat sum'
sh 'kill and the status of the killed' 'for s in TERM KILL HUP USR1 ALRM; do sleep 60 & kill -$s $!; wait $! 2>/dev/null; echo $?; done'
sh 'job control' 'set -m; sleep 60 & kill -STOP %1; sleep 0.1; jobs | sed "s/  */ /g"; kill -CONT %1; sleep 0.1; jobs | sed "s/  */ /g"; { kill %1; wait %1; } 2>/dev/null; echo $?'
sh 'pipefail and PIPESTATUS' 'set -o pipefail; seq 1 100000 | head -n 1; echo ${PIPESTATUS[@]}; true | false | true; echo $? '
sh -s 'exit 7' 'set -e in a function' 'set -e; f() { (exit 7); echo no; }; f; echo no'
sh 'ulimit' '(ulimit -n 20; ulimit -n; for i in {3..19}; do eval "exec $i</dev/null" && echo $i; done); { (ulimit -t 1; while :; do :; done); } 2>/dev/null; echo $?; (ulimit -f 1; trap "" XFSZ; seq 1 100000 >big); echo $?; wc -c big; ulimit -s 2048; bash -c "ulimit -s; echo started"'
sh 'a loop that computes' 'x=1; for ((i = 0; i < 60000; i++)); do x=$(((x * 1103515245 + 12345) & 0x7fffffff)); done; echo $x'
sh 'associative arrays, patterns and regular expressions' 'declare -A a; for i in {1..4000}; do k=k$((i % 97)); a[$k]=$((${a[$k]:-0} + i)); [[ $k =~ ^k([0-9]+)$ ]] && s=$((s + BASH_REMATCH[1])); done; for k in $(printf "%s\n" "${!a[@]}" | sort); do echo $k ${a[$k]}; done; echo $s ${k//[0-9]/x}'
sh 'recursion' 'f() { (($1 == 0)) && return; f $(($1 - 1)); }; f 800; echo done; g() { (($1 == 0)) && { echo deep; return; }; echo $(g $(($1 - 1))); }; g 12'
sh 'exec replaces the shell, subshells end alone' '(exec sh -c "echo \$0 \$1" a b); (exit 3); echo $?; exec sh -c "echo last; exit 0"'
sh 'umask, cd, pwd, test and glob' 'umask 027; mkdir -p a/b; touch a/b/{x,y,z}; stat -c "%n %a" a/b/*; cd a/b; echo *; [ -f x -a ! -d x ] && echo file; cd -P ..; echo ${PWD##*/}'
sh 'read -a, mapfile and IFS' 'seq 1 5000 | { mapfile -t m; echo ${#m[@]} ${m[4999]}; }; IFS=: read -ra p <<<"a:b::c"; echo ${#p[@]} ${p[3]}'
sh 'a descriptor kept open over commands' 'exec 5>log 6<>both; for i in {1..30}; do echo $i >&5; echo $i >&6; done; exec 5>&-; md5sum log both'
sh 'wait for a child that a child left behind' '(sleep 0.3 & echo $((1 + 1))); exec 9< <(sleep 0.1; echo nine); cat <&9'

same 'dash: substitution, pipes, traps' -- dash -c 'trap "echo usr1" USR1; i=0; while [ $i -lt 40 ]; do x=$(echo $i | cat); echo $x; i=$((i + 1)); done; kill -USR1 $$; echo end'
same 'dash: background jobs and here-documents' -- dash -c 'for i in 1 2 3 4; do (sleep 0.0$i; exit $i) & p="$p $!"; done; for q in $p; do wait $q; echo $?; done
cat <<E
$(seq 1 3000 | tail -n 1)
E'
same -s 'exit 3' 'dash: exit in a trap' -- dash -c 'trap "exit 3" TERM; sleep 0.1; kill -TERM $$; sleep 5; echo no'
finish
