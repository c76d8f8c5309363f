#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# python_ctypes: a Python program loads the library by ctypes and pauses, resumes and cancels a C function.
python=/usr/bin/python3
if ! [ -x $python ]; then
	echo "1..0 # SKIP no $python"
	exit 0
fi
exec $python - "${BUILD:-build}" <<'EOF'
import ctypes, os, sys, threading

build = os.path.abspath(sys.argv[1])
library = ctypes.CDLL(build + "/libinger.so", use_errno=True)
spinner = ctypes.CDLL(build + "/tests/libctypes_spin.so")


class Call(ctypes.Structure):
    _fields_ = [("is_complete", ctypes.c_bool), ("yielded", ctypes.c_bool), ("continuation", ctypes.c_void_p)]


class Spinner(ctypes.Structure):
    _fields_ = [("stop", ctypes.c_int), ("turns", ctypes.c_ulong)]


library.launch.restype = Call
library.launch.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p]
library.resume.argtypes = [ctypes.POINTER(Call), ctypes.c_uint64]
library.cancel.argtypes = [ctypes.POINTER(Call)]
function = ctypes.cast(spinner.spin_counting, ctypes.c_void_p)
FOREVER = 2**64 - 1
ran = failed = 0


def ok(condition, name):
    global ran, failed
    ran += 1
    failed += not condition
    print(f"{'ok' if condition else 'not ok'} {ran} - {name}", flush=True)


print("1..10")
state = Spinner()
call = library.launch(function, 2000, ctypes.addressof(state))
ok(call.continuation and not call.is_complete, "launch pauses a spinning C function")
ok(state.turns > 0, "it has run")
grown = 0
for i in range(50):
    before = state.turns
    junk = [bytes(n) for n in range(1000)]  # the interpreter's own allocations between the slices
    ok_now = library.resume(call, 1000) == 0
    grown += ok_now and state.turns > before
ok(grown == 50, "each of 50 resumes lets it go on")
state.stop = 1
ok(library.resume(call, FOREVER) == 0 and call.is_complete, "it completes")
state = Spinner()
call = library.launch(function, 1000, ctypes.addressof(state))
ok(library.cancel(call) == 0, "cancel gives one up")
ctypes.set_errno(0)
ok(library.resume(call, 1000) == -1 and ctypes.get_errno() == 22, "a cancelled call cannot be resumed: EINVAL")
results = []


def in_thread():
    mine = Spinner()
    held = library.launch(function, 500, ctypes.addressof(mine))
    paused = bool(held.continuation) and not held.is_complete
    mine.stop = 1
    results.append(paused and library.resume(held, FOREVER) == 0 and held.is_complete)


threads = [threading.Thread(target=in_thread) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ok(results == [True] * 8, "eight Python threads launch at the same time")

callback_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
seen = []
callback = callback_type(lambda arg: seen.append(sum(range(100000))))
library.launch.argtypes = [callback_type, ctypes.c_uint64, ctypes.c_void_p]
call = library.launch(callback, FOREVER, None)
ok(call.is_complete and seen == [4999950000], "a Python function runs to completion")
import subprocess
ok(subprocess.run(["sh", "-c", "exit 3"]).returncode == 3, "subprocess works beside")
ok(sum(range(1000)) == 499500, "the interpreter goes on")
sys.exit(failed or ran != 10)
EOF
