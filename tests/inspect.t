#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# inspect.t: what `inger inspect` says of processes with libsets is what the kernel says of them.
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d) || exit 1
pids=()
# Only what was started here is ended, and before its folder goes.
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done; wait; rm -rf "$scratch"' EXIT
unset LD_PRELOAD LD_LIBRARY_PATH LD_BIND_NOW GLIBC_TUNABLES
for name in $(compgen -v INGER_); do unset "$name"; done
. "$root/tests/tap.sh"

if [ "$(id -u)" -ne 0 ] && [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" != 0 ]; then
	echo '1..0 # SKIP kernel.yama.ptrace_scope lets only parents trace'
	exit 0
fi

cat >"$scratch/prog.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <png.h>
#include <sqlite3.h>
#ifdef LAUNCHES
#include "inger.h"
static void work(void *result) { *(const char **)result = zlibVersion(); inger_pause(); }
#endif
void *pointers[] = {(void *)png_create_read_struct, (void *)sqlite3_libversion};
int main(int argc, char **argv)
{
	static const char *results[100];
	int calls = argc > 1 ? atoi(argv[1]) : 0;
	results[0] = zlibVersion();
#ifdef LAUNCHES
	for (int i = 0; i < calls; i++)
		if (!launch(work, TO_COMPLETION, &results[i]).continuation)
			return 1;
#endif
	printf("ready %d\n", calls);
	fflush(stdout);
	return getchar();
}
END
libraries=(-Wl,--no-as-needed -lz -lpng16 -lsqlite3 -lstdc++)
ok 'the programs build' bash -c '
	gcc -O1 -Wall -Wextra -DLAUNCHES -I"$1/include" -o "$2/with" "$2/prog.c" "${@:3}" -L"$1/build" -linger -Wl,-rpath,"$1/build" &&
	gcc -O1 -Wall -Wextra -o "$2/without" "$2/prog.c" "${@:3}"' - "$root" "$scratch" "${libraries[@]}"

# begin NAME COMMAND... - start a program and wait until it is ready; pid is its process.
begin() {
	local name=$1
	shift
	mkfifo "$scratch/$name.in" "$scratch/$name.out"
	"$@" <"$scratch/$name.in" >"$scratch/$name.out" 2>"$scratch/$name.err" &
	pid=$!
	pids+=("$pid")
	exec {keep}>"$scratch/$name.in" # its end would end the program
	read -r line <"$scratch/$name.out"
	case $line in ready*) ;; *) echo "# $name says: $line"; cat "$scratch/$name.err" ;; esac
	"$root/build/inger" inspect --json "$pid" >"$scratch/$name.json" 2>>"$scratch/$name.err"
	cp "/proc/$pid/maps" "$scratch/$name.maps"
	cp "/proc/$pid/smaps" "$scratch/$name.smaps"
}
begin ten "$scratch/with" 10
begin thirty "$scratch/with" 30
begin preloaded "$root/build/inger" run "$scratch/without"

cat >"$scratch/check.py" <<'END'
import json, os, re, sys
os.chdir(sys.argv[1])
ten, thirty, preloaded = (json.load(open(n + ".json")) for n in ("ten", "thirty", "preloaded"))
lines = {n: len(open(n + ".maps").readlines()) for n in ("ten", "thirty")}

def private(name, paths):
    total, path = 0, None
    for line in open(name + ".smaps"):
        f = line.split()
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            path = f[5] if len(f) > 5 else ""
        elif f[0] == "Private_Dirty:" and path in paths:
            total += int(f[1]) << 10
    return total

def entry(report, symbol):
    return next(e for e in report["objects"][0]["entries"] if e["symbol"] == symbol)

def expect(what, ok, *got):
    if not ok:
        sys.exit("%s: %s" % (what, got))

def copies():
    # One is kept ready beyond those in use.
    now = [r["libsets"]["now"] for r in (ten, thirty)]
    expect("libsets", 10 <= now[0] <= 11 and 30 <= now[1] <= 31, now)
    for o in thirty["objects"]:
        expect(o["name"], o["copies"] == (now[1] if o["treatment"] == "copied" else 0), o["copies"])

def mappings():
    more = thirty["libsets"]["now"] - ten["libsets"]["now"]
    each = (lines["thirty"] - lines["ten"]) / more
    said = thirty["libsets"]["mappings"]
    # A guard may be part of its call's mapping, and tables that lie together are one.
    expect("mappings of a libset and its call", said - 2 <= each <= said + 1, each, said)

def memory():
    copied = [o for o in thirty["objects"] if o["treatment"] == "copied"]
    paths = {o["path"] for o in copied}
    more = thirty["libsets"]["now"] - ten["libsets"]["now"]
    each = (private("thirty", paths) - private("ten", paths)) / more
    said = sum(o["private_bytes"] for o in copied)
    # Constructors and the function itself may have written to a page more.
    expect("private memory of a libset", said <= each <= said + 64 * 1024, each, said)

def trampolines():
    for symbol, object in (("zlibVersion", "libz.so.1"), ("png_create_read_struct", "libpng16.so.16"), ("sqlite3_libversion", "libsqlite3.so.0")):
        for report in (ten, thirty):
            e = entry(report, symbol)
            b = e["bound"]
            expect(symbol, (b["state"], b["object"], b["symbol"], e["class"]) == ("trampoline", object, symbol, "libset"), e)

def wrappers():
    expect("libinger", preloaded["libinger"].endswith("/libinger.so"), preloaded["libinger"])
    expect("libsets", preloaded["libsets"]["now"] == 0, preloaded["libsets"])
    bound = [(o["name"], e) for o in preloaded["objects"] for e in o["entries"]
             if e["symbol"] in ("malloc", "free", "fflush") and e["kind"] in ("plt", "got") and not o["name"].startswith(("ld-linux", "libinger"))]
    expect("references", len(bound) >= 6, len(bound))
    for name, e in bound:
        expect(name, e["bound"]["object"].startswith("libinger.so") and e["class"] in ("hand", "shared", "shared-output")
               or e["bound"]["state"] == "lazy", e)

globals()[sys.argv[2]]()
END
check() { python3 "$scratch/check.py" "$scratch" "$1"; }
ok 'as many copies of each library as there are libsets' check copies
ok 'the mappings of a libset are those that the kernel has' check mappings
ok 'the memory of a libset is what the kernel counts' check memory
ok 'words of the program are seen to lead through trampolines' check trampolines
ok 'under inger run the references of all libraries lead to wrappers' check wrappers
echo "1..$ran"
[ $failed -eq 0 ]
