#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# perl.t: an interpreter with deferred signals, fork-happy, with regular expressions of its own.
. "$(dirname "$0")/lib.sh"

# perl_ NAME - the same for the program on standard input; options of same come first.
perl_() {
	cat >"$DATA/program.pl"
	same "$@" -- perl "$DATA/program.pl"
}

perl_ 'computes: hashes, sort, regular expressions, pack' <<'EOP'
my %h; for my $i (1 .. 60000) { $h{($i * 7919) % 10007} .= chr 65 + $i % 26 }
my $s = ''; $s .= "$_$h{$_}" for sort { $a <=> $b } keys %h;
my $n = () = $s =~ /([A-M]+)\d+(?=[N-Z])/g;
print "$n ", unpack('%32C*', $s), " ", length $s, "\n";
printf "%.12g\n", eval { my $x = 0; $x += sin($_) / $_ for 1 .. 200000; $x };
EOP
modes 50us 50us+torture
perl_ 'fork, pipe and wait' <<'EOP'
$| = 1;
for my $i (1 .. 15) {
	pipe my $r, my $w;
	my $pid = fork // die;
	if (!$pid) { close $r; print $w "child $i\n" x 50; exit $i }
	close $w; my @lines = <$r>; waitpid $pid, 0;
	print scalar @lines, " $lines[-1]", $? >> 8, "\n";
}
print `echo from a shell`, system('exit 3') >> 8, "\n";
open my $p, '|-', 'sort -n | tail -n 2' or die; print $p "$_\n" for 1 .. 3000; close $p; print "$?\n";
EOP
perl_ 'signals: handlers, alarm in eval, pause' <<'EOP'
use Time::HiRes qw(setitimer ITIMER_REAL ualarm sleep time);
my $n = 0; $SIG{USR1} = sub { $n++ }; kill USR1 => $$ for 1 .. 100; print "$n\n";
$n = 0; $SIG{ALRM} = sub { $n++ }; setitimer(ITIMER_REAL, 0.005, 0.005); my $x; $x++ while $n < 30; setitimer(ITIMER_REAL, 0); print "30\n";
$SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 30; }; print $@;
eval { ualarm 100_000; 1 while 1; }; print $@;
my $t = time; sleep 0.25; print time - $t >= 0.249 ? "slept\n" : "short\n";
my $kids = 0; $SIG{CHLD} = sub { 1 while waitpid(-1, 1) > 0 && ++$kids }; for (1 .. 8) { fork // die or exit } sleep 0.05 while $kids < 8; print "$kids\n";
EOP
perl_ 'sockets and select' <<'EOP'
use IO::Socket::INET; use IO::Select; use Socket;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
my $pid = fork // die;
if (!$pid) { for (1 .. 5) { my $c = $s->accept; while (<$c>) { print $c uc } close $c } exit }
for my $i (1 .. 5) {
	my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->sockport) or die;
	for my $k (1 .. 30) { print $c "line $i $k\n"; IO::Select->new($c)->can_read(10) or die; print scalar <$c> }
}
waitpid $pid, 0; print "$?\n";
EOP
perl_ -s 'exit 9' 'files, sprintf, local time, die' <<'EOP'
open my $f, '+>', 'f' or die; print $f "$_ " . ($_ ** 2) . "\n" for 1 .. 20000; seek $f, 0, 0; my $t = 0; while (<$f>) { my ($a, $b) = split; $t += $b - $a } print "$t\n";
print scalar gmtime 1700000000, " ", sprintf('%.10f %e %s', 1 / 3, 1e300, join ',', map { sprintf '%b', $_ } 1 .. 9), "\n"; $! = 9; die "the end\n";
EOP
if perl -MConfig -e 'exit !$Config{useithreads}'; then
	perl_ 'interpreter threads' <<'EOP'
use threads; use Thread::Queue;
my $q = Thread::Queue->new; my @t = map { my $i = $_; threads->create(sub { my $s = 0; $s += $_ for 1 .. 20000; $q->enqueue($i); $s }) } 1 .. 4;
print join(' ', map { $_->join } @t), ' ', join(' ', sort map { $q->dequeue } 1 .. 4), "\n";
EOP
else
	skip 'interpreter threads' 'this perl has none'
fi
finish
