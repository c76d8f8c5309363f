#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# signals.t: deaths by signal, stops, timers and handlers are the program's own.
. "$(dirname "$0")/lib.sh"

for signal in SEGV TERM KILL ABRT INT QUIT HUP USR1 ALRM BUS; do
	modes 50us+torture
	case $signal in SEGV | TERM | INT) modes 50us 1ms 50us+torture ;; esac
	number=$(kill -l "$signal")
	same -s "signal $number*" "SIG$signal ends a program" -- perl -e 'my $x; $x += $_ for 1 .. 50000; $| = 1; print "before\n"; kill shift, $$; sleep 30' "$signal"
done
modes 50us 50us+torture
# perl starts with SIGFPE ignored.
same -s 'signal 8*' 'SIGFPE ends a program' -- bash -c 'kill -FPE $$'
same -s 'signal 11*' 'a death leaves a core where the limit allows one' -- bash -c 'ulimit -c unlimited 2>/dev/null; kill -SEGV $$'
same 'the parent sees the signal of its child' -- perl -e '
	for my $s (qw(SEGV TERM PIPE KILL USR2 RTMIN)) { my $p = fork; if (!$p) { kill $s, $$; sleep 30 } waitpid $p, 0; print $s, " ", $? & 127, "\n" }'
same 'SIGPIPE ends yes when head has enough' -- bash -c 'for i in {1..10}; do yes | head -n 2000 | md5sum; echo ${PIPESTATUS[@]}; done'
same 'SIGPIPE ignored is EPIPE' -- bash -c 'trap "" PIPE; seq 1 1000000 2>err | head -n 1; cat err; echo ${PIPESTATUS[0]}'
same -s 'signal 14*' 'an alarm that nobody handles' -- perl -e 'alarm 1; 1 while 1'
same 'timeout(1): TERM, KILL, and a signal of choice' -- bash -c 'timeout 0.2 sleep 60; echo $?; { timeout -s KILL 0.2 sleep 60; echo $?; } 2>/dev/null; timeout --preserve-status -s USR1 0.2 sleep 60; echo $?; timeout 30 true; echo $?'
same 'stopped, continued, ended: as waitpid reports it' -- perl -MPOSIX=:sys_wait_h -e '
	my $p = fork; if (!$p) { 1 while 1 }
	for (1 .. 5) {
		kill STOP => $p; waitpid $p, WUNTRACED; print "stopped by ", WSTOPSIG($?), "\n";
		kill CONT => $p; waitpid $p, 8; print "continued ", ${^CHILD_ERROR_NATIVE} == 0xffff ? 1 : 0, "\n";
	}
	kill TERM => $p; waitpid $p, 0; print WTERMSIG($?), "\n"'
same 'a program that stops and goes on computes the right thing' -- bash -c '
	awk "BEGIN { for (i = 1; i < 3000000; i++) s += sin(i); printf \"%.9f\n\", s }" & p=$!
	for i in {1..20}; do kill -STOP $p; sleep 0.005; kill -CONT $p; sleep 0.005; done 2>/dev/null; wait'
# The first 31 signals: what is said about 32 and 33, which libc keeps for itself, changes with a program's first thread.
same 'ignored and blocked signals are inherited' -- bash -c '
	trap "" INT USR2
	exec perl -ne "printf qq(%s %x\n), \$1, hex(\$2) & 0x7fffffff if /^(Sig(?:Ign|Blk)):\s*\w{8}(\w{8})/" /proc/self/status'
same 'handled and pending signals look as they do without us' -- perl -e '
	$SIG{$_} = sub {} for qw(USR1 WINCH RTMIN); open F, "<", "/proc/self/status"; my ($c) = map { /^SigCgt:\s*(\w+)/ } <F>;
	# What is looked at are the first 31 signals: ours is a real-time one, and the Go runtime handles faults.
	my $faults = 1 << 6 | 1 << 7 | 1 << 10 | 1 << 12 | 1 << 22; printf "%x\n", hex($c) & 0x7fffffff & ~$faults'
same 'a handler that runs a hundred times a second' -- /usr/bin/python3 -I -c '
import signal, hashlib
n = 0
def tick(s, f):
    global n; n += 1
signal.signal(signal.SIGALRM, tick); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
h = hashlib.md5()
while n < 30: h.update(b"x" * 1000)
signal.setitimer(signal.ITIMER_REAL, 0); print("ticks")'
same 'kill 0 reaches the group, and its leader handles it' -- bash -c 'trap "echo group" USR1; sleep 60 & p=$!; sleep 0.2; kill -USR1 0; wait $p 2>/dev/null; echo $?'
same 'a signal for each of a hundred sleeps: none is lost' -- perl -MTime::HiRes=sleep -e '
	pipe my $r, my $w; my $n = 0; my $me = $$; my $p = fork;
	if (!$p) { close $w; while (sysread $r, my $x, 1) { sleep 0.001; kill USR1 => $me } exit }
	close $r; $SIG{USR1} = sub { $n++ }; for my $i (1 .. 100) { syswrite $w, "x"; sleep 0.01 until $n >= $i } print "$n\n"; close $w; wait'
finish
