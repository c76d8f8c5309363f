#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# neutral.t: a program that launches nothing does not notice that the library is there, nor does the kernel: output, status, signal
# actions and masks, threads and descriptors are the same with LD_PRELOAD and without.
. "$(dirname "$0")/lib.sh"
library=$ROOT/build/libinger.so

# alike NAME COMMAND... - the same output, errors and status without and with the library.
alike() {
	local name=$1 plain loaded
	shift
	"$@" >"$TMP/out1" 2>"$TMP/err1" </dev/null
	plain=$?
	LD_PRELOAD=$library timeout 60 "$@" >"$TMP/out2" 2>"$TMP/err2" </dev/null
	loaded=$?
	ok "$name" [ "$plain" = "$loaded" ]
	ok "$name: output" cmp -s "$TMP/out1" "$TMP/out2"
	ok "$name: errors" cmp -s "$TMP/err1" "$TMP/err2"
	diff "$TMP/out1" "$TMP/out2" | sed 's/^/# /'
	diff "$TMP/err1" "$TMP/err2" | sed 's/^/# /'
}

printf 'exit $(($# + 40))\n' >"$DATA/script"
chmod +x "$DATA/script"
for flags in "-Wl,-z,lazy" "-Wl,-z,now" "-fno-pie -no-pie"; do
	gcc -w -O1 $flags -o "$DATA/neutral" "$(dirname "$0")/neutral.c" -pthread || exit 1
	alike "a program that looks at all there is ($flags)" "$DATA/neutral" "$DATA/script"
done
alike 'a shell' bash -c 'trap "echo usr1" USR1; kill -USR1 $$; ulimit -n; ls /proc/self/fd | wc -l; (exit 3) | cat; echo ${PIPESTATUS[*]}; trap -p'
alike 'python' python3 -c '
import signal, os, threading, sys
print(signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)), signal.sigpending())
print([signal.getsignal(n) for n in range(1, 65) if n not in (32, 33)], len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd")))
os.kill(os.getpid(), 63); print(signal.sigwaitinfo([63]).si_signo, signal.sigtimedwait([63], 0.001))'
alike 'perl' perl -e '$SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; print join(" ", map { defined $SIG{$_} ? "$_" : () } sort keys %SIG), "\n"'
if command -v strace >/dev/null; then
	# The signal calls of a program that has none of its own are those of the start.
	strace -f -e trace=rt_sigaction,rt_sigprocmask,clone,clone3,timer_create,sigaltstack,prctl -o "$TMP/trace1" true
	strace -f -e trace=rt_sigaction,rt_sigprocmask,clone,clone3,timer_create,sigaltstack,prctl -E LD_PRELOAD="$library" -o "$TMP/trace2" true
	ok 'no system call about signals, threads and timers is added' cmp -s <(sed 's/^[0-9]* *//' "$TMP/trace1") <(sed 's/^[0-9]* *//' "$TMP/trace2")
else
	skip 'no system call about signals, threads and timers is added' 'strace is not installed'
fi
finish
