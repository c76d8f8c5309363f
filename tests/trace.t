#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# trace.t: inger trace, report and top as a user has them, on programs that are compiled here.
build=$(cd "${BUILD:-build}" && pwd) || exit 1
inger=$build/inger
folder=$(mktemp -d) || exit 1
children=()
trap 'kill -KILL "${children[@]}" 2>/dev/null; rm -rf "$folder"' EXIT
unset INGER_TRACE INGER_TRACE_EVENTS INGER_SLICE INGER_STATS INGER_TORTURE INGER_FOLLOW LD_PRELOAD
ran=0 failed=0

ok() { # ok STATUS NAME
	ran=$((ran + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $ran - $2"
	else
		failed=$((failed + 1))
		echo "not ok $ran - $2"
		for file in out err; do
			[ -s "$folder/$file" ] && head -40 "$folder/$file" | sed 's/^/# /'
		done
	fi
}

# try STATUS COMMAND...: fills $folder/out and $folder/err; a hang ends as status 124.
try() {
	local wanted=$1
	shift
	timeout -k 5 60 "$@" >"$folder/out" 2>"$folder/err" </dev/null
	local got=$?
	[ "$got" -eq "$wanted" ] || { echo "# status $got, not $wanted: $*"; return 1; }
}

# refused NAME PATTERN COMMAND...: exit status 1, and one line that matches.
refused() {
	local name=$1 pattern=$2
	shift 2
	try 1 "$@" && [ ! -s "$folder/out" ] && [ "$(wc -l <"$folder/err")" -eq 1 ] && grep -Eq "^inger: $pattern" "$folder/err"
	ok $? "$name"
}

# fact FILE JQ: the trace makes the expression true.
fact() {
	jq -e "$2" "$1" >"$folder/out" 2>"$folder/err"
}

wait_for() { # until the command succeeds; half a minute at most
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# ended PID: its status; what does not end is killed.
ended() {
	wait_for is_over "$1" || kill -KILL "$1"
	wait "$1"
}
is_over() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

command -v jq >/dev/null || { echo "1..0 # SKIP jq is not installed"; exit 0; }
cat >"$folder/busy.c" <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* busy WORK [crash|forever|sleep]: steps of work, then an end of that kind; its status is 3. What a test wants to see of a program
 * that is ended from outside is done before it says "ready": so much work is so many slices at least, however busy the machine. */
int main(int argc, char **argv)
{
	volatile unsigned long sum = 0;
	for (unsigned long i = 0; i < strtoul(argv[1], NULL, 10) * 1000000; i++)
		sum += i;
	if (argc > 2 && !strcmp(argv[2], "crash"))
		*(volatile int *)16 = 1;
	if (argc > 2 && !strcmp(argv[2], "sleep"))
		usleep(20000);
	if (argc > 2 && !strcmp(argv[2], "forever")) {
		puts("ready");
		fflush(stdout);
		for (;;)
			sum++;
	}
	return 3;
}
END
cat >"$folder/calls.c" <<'END'
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((noinline)) void allocates(void *arg)
{
	for (;;) {
		void *volatile block = malloc(*(volatile size_t *)arg);
		free(block);
	}
}
__attribute__((noinline)) void returns(void *arg) { *(volatile size_t *)arg = 100; }
/* calls ROUNDS: one function that returns and one that is cancelled; then, if asked, until stdin ends. */
int main(int argc, char **argv)
{
	size_t bytes = 100;
	linger_t paused = launch(returns, 0, &bytes);
	for (long i = 0; i < atol(argv[1]); i++) {
		linger_t a = launch(returns, TO_COMPLETION, &bytes), b = launch(allocates, 300, &bytes);
		if (!a.is_complete || b.is_complete || cancel(&b) != 0)
			return 1;
	}
	if (argc > 2) {
		puts("ready");
		fflush(stdout);
		while (getchar() != EOF)
			;
	}
	return cancel(&paused) == 0 ? 0 : 1;
}
END
root=$(cd "$(dirname "$0")/.." && pwd)
cc=${CC:-cc}
"$cc" -O1 -o "$folder/busy" "$folder/busy.c" &&
	"$cc" -O1 -I"$root/include" -o "$folder/calls" "$folder/calls.c" -L"$build" -linger -Wl,-rpath,"$build" ||
	{ echo "Bail out! the programs are not compiled"; exit 1; }
cd "$folder" || exit 1

# ---- a sliced main()

try 3 "$inger" trace -o busy.json --slice 1ms -- ./busy 200 sleep
ok $? "trace ends with the program's status"
[ "$(ls -A "$folder" | grep -c '^\.inger')" -eq 0 ]
ok $? "and leaves the trace alone"
fact busy.json '.traceEvents | length > 100'
ok $? "the trace is JSON with events"
fact busy.json '[.traceEvents[] | select(.cat == "slice" and .ph == "X")] as $s | ($s | map(.dur) | add) as $sum |
	([.traceEvents[] | select(.ph != "M") | .ts + (.dur // 0)] | max - ([$s[].ts] | min)) as $run |
	($s | length) > 20 and $sum > 0.98 * $run and $sum <= $run'
ok $? "its slices add up to the run within 2 %"
fact busy.json '[.traceEvents[] | select(.cat == "slice" and .args.end == "clock") |
	.dur - .args.budget_us - .args.overshoot_us | fabs] | length > 20 and max < 0.01'
ok $? "each lasted its budget and its overshoot"
fact busy.json '[.traceEvents[] | select(.cat == "wait" and .name == "clock_nanosleep") | .ts] | length == 2 and .[1] - .[0] >= 20000'
ok $? "a sleep is a wait that goes on over pauses"
(cd "$root" && INGER_TRACE_JSON=$folder/busy.json go test ./trace -run TestAFileOfAProgramObeysTheFormat -count=1 -v) >out 2>err &&
	grep -q '^--- PASS' out
ok $? "the file obeys the format's rules"
try 0 "$inger" report --svg busy.svg busy.json &&
	grep -Eq '^busy \([0-9]+\): .* of it in slices \((9[89]|100)' out && grep -Eq '^slices +[0-9]+' out && grep -q clock_nanosleep out
ok $? "report sums it up"
head -c 4 busy.svg | grep -q '<svg' && grep -q '</svg>' busy.svg && grep -q '<title>main: clock' busy.svg
ok $? "and draws it"

# ---- functions that are launched

try 0 "$inger" trace --output calls.json -- ./calls 100
ok $? "a program that launches is traced without --slice"
fact calls.json '[.traceEvents[] | select(.cat == "call" and .ph == "e")] | map(.args.end) |
	(map(select(. == "done")) | length) == 100 and (map(select(. == "cancelled")) | length) == 101'
ok $? "each launch has its end"
fact calls.json '[.traceEvents[] | select(.cat == "call" and .ph == "b") | .name] | unique == ["allocates", "returns"]'
ok $? "and its function's name"
fact calls.json '[.traceEvents[] | select(.cat == "cancel")] | length == 101 and all(.dur > 0)'
ok $? "each cancel has its duration"
try 0 "$inger" report calls.json && grep -q 'calls: 201 (100 done, 101 cancelled)' out && grep -Eq '^  (malloc|free) ' out
ok $? "report names the functions that put pauses off"

# ---- ends of other kinds

try 139 "$inger" trace -o crash.json --slice 1ms -- ./busy 20 crash
ok $? "a crash is status 128 and the signal's number"
fact crash.json '([.traceEvents[] | select(.cat == "slice")] | length > 2) and
	([.traceEvents[] | select(.cat == "fault")] | length == 1 and .[0].name == "SIGSEGV in main")'
ok $? "and the trace of it can be read, with the fault"
try 0 "$inger" report crash.json && grep -q 'SIGSEGV in main' out
ok $? "report names it"

"$inger" run --trace killed.ring --slice 1ms -- ./busy 200 forever >ready 2>err &
children+=($!)
wait_for test -s ready && kill -KILL "${children[-1]}"
ended "${children[-1]}" 2>/dev/null
try 0 "$inger" report --json killed.json killed.ring && grep -q 'cut off' out && fact killed.json '.traceEvents | length > 100'
ok $? "a recording of a killed program can be read"

# What a shell starts in the background ignores SIGINT.
setsid env --default-signal=INT "$inger" trace -o stopped.json --slice 1ms -- ./busy 200 forever >ready2 2>err </dev/null &
children+=($!)
wait_for test -s ready2 && kill -INT -"${children[-1]}"
ended "${children[-1]}"
[ $? -eq 130 ] && fact stopped.json '[.traceEvents[] | select(.cat == "slice")] | length > 20'
ok $? "^C in the middle ends the program and leaves a trace"

"$inger" trace -o handed.json --slice 1ms -- ./busy 0 forever >ready3 2>err </dev/null &
children+=($!)
wait_for test -s ready3 && kill -TERM "${children[-1]}"
ended "${children[-1]}"
[ $? -eq 143 ] && fact handed.json '.traceEvents | length > 0'
ok $? "a signal is handed to the program"

try 3 "$inger" trace -o shell.json --slice 1ms -- sh -c './busy 5; ./busy 5'
ok $? "a script is traced"
fact shell.json '[.traceEvents[] | select(.name == "process_name")] |
	(map(.pid) | unique | length) >= 3 and (map(select(.args.name == "busy")) | length) == 2'
ok $? "with the programs that it starts"
INGER_TRACE_EVENTS=1024 try 3 "$inger" trace -o short.json --slice 20us -- ./busy 100 &&
	fact short.json '(.otherData.lost_events | tonumber > 0)' &&
	try 0 "$inger" report short.json && grep -q 'were overwritten' out
ok $? "of more events than there is room for the last are kept"
try 0 "$inger" trace -o none.json -- true && grep -q 'nothing was recorded' err && [ ! -e none.json ]
ok $? "a program that launches nothing is told so"
INGER_TRACE=own.ring try 0 ./calls 3 && try 0 "$inger" report own.ring && grep -q '3 done, 4 cancelled' out
ok $? "the variable records without the tool"
mkdir dir && INGER_TRACE=$folder/dir try 0 ./calls 1 && [ "$(wc -l <err)" -eq 1 ] &&
	grep -q '^libinger: nothing is recorded: .*no regular file' err
ok $? "a program whose trace cannot be written runs without"

# ---- wrong use

: >empty
echo '{"traceEvents": []}' >foreign.json
head -c 5000 own.ring >short.ring
refused "an empty file" 'report: "empty": the file is empty' "$inger" report empty
refused "JSON of somebody else" 'report: "foreign.json": JSON, but not a trace of libinger' "$inger" report foreign.json
refused "a file that is no trace" 'report: "busy.c": not a trace of libinger' "$inger" report busy.c
refused "a recording that was cut short" 'report: "short.ring": damaged' "$inger" report short.ring
refused "a file that is not there" 'report: "nothing": no such file' "$inger" report nothing
refused "a folder" 'report: "dir": it is no regular file' "$inger" report dir
refused "a picture into a folder that is not there" 'report: write "no/pic.svg": no such file' "$inger" report --svg no/pic.svg own.ring
refused "a trace into a folder that is not there" 'trace: "no/t.json": no such file' "$inger" trace -o no/t.json -- ./busy 1
refused "a trace into a folder" 'trace: "dir": it is a directory' "$inger" trace -o dir -- ./busy 1
try 127 "$inger" trace -o x.json -- ./no-such-program && [ "$(wc -l <err)" -eq 1 ] && [ ! -e x.json ]
ok $? "a program that is not there is status 127"
try 2 "$inger" trace -o x.json && try 2 "$inger" report && try 2 "$inger" top && try 2 "$inger" report --svg own.ring own.ring
ok $? "a command line that makes no sense is status 2"
try 0 "$inger" report own.ring # it has not been written over
ok $? "and harms no file"

# ---- top

mkfifo end
./calls 50 wait <end >ready4 &
children+=($!)
pid=$!
exec 9>end
wait_for test -s ready4
try 0 "$inger" top --interval 10ms --count 2 $pid && [ "$(wc -l <out)" -eq 3 ] &&
	awk 'NR > 1 && $1 == 101 && $3 == 50 && $5 == 50 { n++ } END { exit n != 2 }' out
ok $? "top counts launches, completions and cancels"
awk 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	NR == 3 { exit !($at["live"] == 1 && $at["running"] == 0 && $at["paused"] == 1) }' out
ok $? "and what is paused"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	TERM=xterm timeout 60 script -qec "'$inger' top --interval 10ms --count 3 $pid" /dev/null </dev/null >out 2>err &&
		[ "$(grep -c $'\e\[[0-9]*A' out)" -eq 2 ] && [ "$(grep -c '^launched' out)" -ge 1 ]
	ok $? "on a terminal it is drawn in place"
else
	ran=$((ran + 1))
	echo "ok $ran - on a terminal it is drawn in place # SKIP script(1) finds no pseudo-terminal"
fi
"$inger" top --interval 10ms $pid >lines 2>err 9>&- &
top=$!
children+=($top)
wait_for test -s lines
exec 9>&- # its stdin ends
ended $pid
ended $top && grep -q 'has ended' lines
ok $? "it ends when the program does"
refused "top of a process that has ended" "top: $pid: no such process" "$inger" top $pid
refused "top of a process without the library" 'top: [0-9]+: it has not loaded libinger.so' "$inger" top $$
refused "top of what is no number" 'top: "x": not the number of a process' "$inger" top x
echo "1..$ran"
[ "$failed" -eq 0 ]
