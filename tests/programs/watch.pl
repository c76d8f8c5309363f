#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# watch.pl SECONDS DIR STDIN COMMAND... - run COMMAND in a session of its own, with DIR/out and DIR/err as its output.
#
# DIR/status receives "exit N", "signal N", "signal N core", "hang" or "left" (COMMAND ended, but processes it started
# did not). A hang is shown as TAP comments on stdout: backtraces of every thread of every process of the session. Then
# the session is killed.
#
# This is perl and not a shell, because a shell starts its background jobs with SIGINT ignored, which a program can see,
# and reports a death by signal and exit(128+n) alike.
use strict;
use warnings;
use POSIX qw(:sys_wait_h setsid dup2 _exit);

my ($seconds, $dir, $stdin, @command) = @ARGV;
my $leader;

# session - the processes of the session that COMMAND leads: the live ones, or those that are dead and not waited for.
sub session {
	my ($dead) = @_;
	my @pids;
	for my $stat (glob '/proc/[0-9]*/stat') {
		open my $file, '<', $stat or next;
		my $line = <$file> // next;
		# The name may contain blanks and parentheses: the fields begin after the last one.
		my ($pid, $state, $session) = $line =~ /^(\d+) \(.*\) (\S) \d+ \d+ (\d+) /s or next;
		push @pids, $pid if $session == $leader && ($state =~ /[ZX]/) == !!$dead;
	}
	@pids = sort { $a <=> $b } @pids;
	return @pids;
}

sub comment { print map { "# $_\n" } split /\n/, join '', @_ }

sub slurp {
	open my $file, '<', $_[0] or return '';
	local $/;
	my $text = <$file> // '';
	$text =~ tr/\0/ /;
	return $text;
}

sub show {
	comment("process $_: dead, its parent has not waited") for session('dead');
	for my $pid (session()) {
		comment("process $pid: " . substr(slurp("/proc/$pid/cmdline"), 0, 200));
		for my $task (glob "/proc/$pid/task/*") {
			my ($tid) = $task =~ /(\d+)$/;
			my $text = slurp("$task/status");
			my ($state) = $text =~ /^State:\s*(.*)$/m;
			my ($blocked) = $text =~ /^SigBlk:\s*(.*)$/m;
			my ($call) = slurp("$task/syscall") =~ /^(\S+)/;
			comment(sprintf 'thread %s: state %s, system call %s, blocked %s', map { $_ // '?' } $tid, $state, $call, $blocked);
		}
		# The preemption signal arrives all the time; a debugger that stopped at each would never get to the backtrace.
		my $gdb = qx{timeout -k 5 30 gdb -nx -iex 'set auto-load off' -p $pid -batch -ex 'handle SIG63 nostop noprint pass' \\
			-ex 'thread apply all bt 40' 2>&1 </dev/null};
		$gdb =~ s/^(\[New LWP|warning: |Using host|\[Thread debugging).*\n//mg;
		# Of the Go runtime's idle threads it is enough to know that they idle.
		comment(join "\n", map { /^#0 .* runtime\./m ? (split /\n/)[0, 1] : $_ } split /\n\n+/, $gdb);
	}
}

sub end_session {
	for (1 .. 50) {
		my @pids = session() or return;
		kill 'KILL', @pids;
		select undef, undef, undef, 0.02;
	}
}

$| = 1;
$leader = fork() // die "watch.pl: fork: $!\n";
if ($leader == 0) {
	setsid();
	$SIG{$_} = 'DEFAULT' for qw(INT QUIT PIPE CHLD ALRM TERM HUP USR1 USR2);
	open STDIN, '<', $stdin or _exit(125);
	open STDOUT, '>', "$dir/out" or _exit(125);
	open STDERR, '>', "$dir/err" or _exit(125);
	POSIX::close($_) for 3 .. 63; # a make job server, the harness' pipes
	{ no warnings; exec { $command[0] } @command; }
	print STDERR "$command[0]: $!\n";
	_exit(126);
}

my $status;
my $deadline = time + $seconds;
# perl's waitpid goes on after a signal: only an exception ends it.
local $SIG{ALRM} = sub { die "hang\n" };
eval {
	alarm $seconds;
	waitpid $leader, 0;
	my $how = $?;
	alarm 0;
	$status = WIFSIGNALED($how) ? 'signal ' . WTERMSIG($how) . ($how & 128 ? ' core' : '') : 'exit ' . WEXITSTATUS($how);
};
$status //= 'hang';
# Where a process tree ends in any order, its last members may still be on their way out.
my $nap = 0.002;
while ($status ne 'hang' && session()) {
	select undef, undef, undef, $nap;
	$nap *= 2 if $nap < 0.2;
	$status = 'left' if time > $deadline;
	last if $status eq 'left';
}
if ($status eq 'hang' || $status eq 'left') {
	show();
	end_session();
}
open my $file, '>', "$dir/status" or die "watch.pl: $dir/status: $!\n";
print $file "$status\n";
close $file or die "watch.pl: $dir/status: $!\n";
