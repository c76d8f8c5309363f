# SPDX-License-Identifier: Apache-2.0
"""gdb commands for programs that use libinger; docs/debugging.md tells how they are used.

    inger calls               preemptible functions: state, name, where they are paused
    inger bt N [options]      stack of paused call N; options as for bt, such as "full" or "-5"
    inger libsets             copies of the program's libraries: where they are
    inger symbols [N | all]   symbols for the copies of libset N, or of all; without either, of those that calls have

The copies are not in the dynamic linker's list, where gdb looks for libraries. Whenever the program stops in a preemptible
function its libset's symbols are read by themselves.

Nothing here writes to the program or calls a function of it: everything works on a core file, too.
"""

import collections
import os
import re

import gdb
import gdb.unwinder

# enum shim_state
STATES = ["free", "paused", "resuming", "running", "pausing", "done", "lost"]
FREE, PAUSED, RUNNING, PAUSING = 0, 1, 3, 4
TABLE_BLOCK = 1024  # of shim/pool.c
MASK = (1 << 64) - 1
# Order of struct shim_call.regs.
SAVED = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip", "eflags"]
# The frame that inger_pause() leaves, above the control words of the floating-point units.
LEFT = ["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"]
# The signal that ends a slice, as for programs that gdb starts.
SIGNAL = "SIG%s" % (os.environ.get("INGER_SIGNAL") or "63")

# Symbol files that were added here: (region, path) -> their Copy.
added = {}


def library():
    """libinger.so's symbols."""
    for objfile in gdb.objfiles():
        if re.match(r"libinger\.so", os.path.basename(objfile.filename or "")):
            return objfile
    raise gdb.GdbError("libinger: libinger.so is not loaded (yet)")


def variable(name):
    objfile = library()
    symbol = objfile.lookup_static_symbol(name) or objfile.lookup_global_symbol(name)
    if symbol is None:
        raise gdb.GdbError("libinger: %s: %s: no debug information in it" % (objfile.filename, name))
    try:
        return symbol.value()
    except gdb.MemoryError as error:
        raise gdb.GdbError("libinger: the program does not run: %s" % error)


def text(pointer):
    return pointer.string(errors="replace") if int(pointer) else ""


def word(address):
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def symbol_at(address):
    """"deflate + 12 in section .text of /lib/libz.so.1" and the like, or the number."""
    said = gdb.execute("info symbol %#x" % address, to_string=True).strip()
    if said.startswith("No symbol"):
        return "%#x" % address
    return re.sub(r" in section \S+$", "", re.sub(r" in section \S+ of (\S+)", lambda m: " in " + os.path.basename(m[1]), said))


# ---- calls


class Call:
    def __init__(self, pointer):
        self.c = pointer.dereference()
        self.index = int(self.c["index"])
        self.state = int(self.c["state"])
        self.set = int(self.c["set"])
        self.name = text(self.c["name"])

    def paused(self):
        return self.state == PAUSED

    def entry(self):
        """start, full or voluntary: how resume() goes on."""
        for kind in ("start", "full", "voluntary"):
            if int(self.c["resume_entry"]) == int(gdb.parse_and_eval("(unsigned long)&shim_entry_" + kind)):
                return kind
        return "unknown"

    def registers(self):
        """Of a paused call; those that inger_pause() does not keep are left out. None: it has not begun."""
        kind = self.entry()
        if kind == "full":
            return {name: int(self.c["regs"][i]) & MASK for i, name in enumerate(SAVED)}
        if kind != "voluntary":
            return None
        at = int(self.c["voluntary_rsp"])
        registers = {name: word(at + 8 * (i + 1)) for i, name in enumerate(LEFT)}
        registers["rsp"] = at + 8 * (len(LEFT) + 1)
        return registers


def calls():
    blocks, used = variable("table"), int(variable("table_used"))
    for index in range(used):
        block = blocks[index // TABLE_BLOCK]
        place = block[index % TABLE_BLOCK] if int(block) else None
        if place and int(place["call"]):
            call = Call(place["call"].cast(gdb.lookup_type("struct shim_call").pointer()))
            if call.state != FREE:
                yield call
    main = variable("main_call")
    if int(main["state"]) != FREE and int(main["adopted"]):
        call = Call(main.address)
        call.index = "main"
        yield call


def find_call(name):
    for call in calls():
        if str(call.index) == name:
            return call
    raise gdb.GdbError("libinger: no call %s; see: inger calls" % name)


def current_sets():
    """Libsets of the calls that the selected thread runs; the innermost first."""
    thread = gdb.selected_thread()
    record = variable("shim_threads")
    while thread is not None and int(record):
        if bool(record["in_use"]) and int(record["tid"]) == (thread.ptid[1] or thread.ptid[0]):
            call = record["current"]
            while int(call):
                if int(call["set"]):
                    yield int(call["set"])
                call = call["parent"]
            return
        record = record["next"]


# ---- libsets

Copy = collections.namedtuple("Copy", "path region start end bias code")


class Libset:
    def __init__(self, number, pointer):
        self.number = number
        self.address = int(pointer)
        self.s = pointer.dereference()
        self.in_use = int(self.s["in_use"]) != 0
        self.regions = [int(self.s["regions"][i]) for i in range(int(self.s["batch_count"]))] if self.in_use else []

    def members(self):
        """The copies: path, region, first page, end, distance from the file's addresses, and an address inside its code."""
        for number, region in enumerate(self.regions):
            batch = self.s["plan"]["batches"][number]
            for i in range(int(batch["member_count"])):
                m = batch["members"][i]
                delta = region + int(m["at"]) - int(m["low"])
                code = delta + (int(m["text_low"]) + int(m["text_high"])) // 2
                yield Copy(text(m["path"]), region, delta + int(m["low"]), delta + int(m["high"]), delta + int(m["bias"]), code)

    def has(self, address):
        batches = self.s["plan"]["batches"]
        return any(0 <= address - region < int(batches[i]["bytes"]) for i, region in enumerate(self.regions))


def libsets():
    """In the order in which they were made; the registry begins with the last one."""
    records = []
    record = variable("gotcha_sets")
    while int(record):
        records.insert(0, record)
        record = record["all_next"]
    return [Libset(number, record) for number, record in enumerate(records)]


def forget(keys):
    """Remove symbols. gdb wants an address inside for that."""
    for key in keys:
        try:
            gdb.execute("remove-symbol-file -a %#x" % added.pop(key).code, to_string=True)
        except gdb.error:
            pass  # the user did


def add_symbols(libset):
    count = 0
    for copy in libset.members():
        key = (copy.region, copy.path)
        if key in added and added[key] == copy:
            continue
        forget({key} & added.keys())
        try:
            gdb.execute("add-symbol-file %s -o %#x" % (quoted(copy.path), copy.bias), to_string=True)
        except gdb.error as error:
            print("libinger: symbols of a copy: %s: %s" % (copy.path, error))
            continue
        added[key] = copy
        count += 1
    return count


def quoted(path):
    return '"%s"' % re.sub(r'(["\\\\])', r"\\\1", path)


def load_sets(addresses):
    """Symbols for the libsets at these addresses; how many files that were. Those of libsets that are gone are removed:
    another may be at their place one day, and gdb keeps added files when the program is run again. (Not done at the
    program's end: gdb 13 crashes when files are removed in that event.)"""
    wanted = set(addresses)
    if not wanted and not added:
        return 0
    sets = libsets()
    regions = {region for s in sets for region in s.regions}
    level = selected_level()
    forget([key for key in added if key[0] not in regions])
    count = sum(add_symbols(s) for s in sets if s.address in wanted)
    select(level)
    return count


def selected_level():
    """gdb forgets the selected frame when symbols change."""
    try:
        frame, level = gdb.selected_frame(), 0
    except gdb.error:
        return 0
    while frame.newer() is not None:
        frame, level = frame.newer(), level + 1
    return level


def select(level):
    if level:
        gdb.execute("frame %d" % level, to_string=True)


def set_of(pc, sets):
    return next((s for s in sets if s.has(pc)), None)


def stopped(_event):
    try:
        wanted = set(current_sets())
        pc = newest_registers()[0]
        if symbol_at(pc).startswith("0x"):
            inside = set_of(pc, libsets())
            wanted |= {inside.address} if inside else set()
        load_sets(wanted)
    except (gdb.error, gdb.GdbError):
        pass  # not loaded yet, or no debug information: said when a command is used


# ---- the stack of a paused call


class PausedStack(gdb.unwinder.Unwinder):
    """While it is there, the caller of the selected thread's innermost frame is the paused function: gdb walks on from
    there by itself, and no register has to be changed for it."""

    def __init__(self, registers, thread_rip, thread_rsp):
        super().__init__("libinger-paused")
        self.registers, self.rip, self.rsp = registers, thread_rip, thread_rsp

    def __call__(self, frame):
        if int(frame.read_register("rsp")) & MASK != self.rsp or int(frame.read_register("rip")) & MASK != self.rip:
            return None
        # Below the paused frame, or gdb would take the stack for a damaged one.
        info = frame.create_unwind_info(FrameId(self.registers["rsp"] - 1024, self.registers["rip"]))
        number = gdb.lookup_type("unsigned long")
        for name, value in self.registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(gdb.lookup_type("int") if name == "eflags" else number))
        return info


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = gdb.Value(sp), gdb.Value(pc)


def newest_registers():
    frame = gdb.newest_frame()
    return int(frame.read_register("rip")) & MASK, int(frame.read_register("rsp")) & MASK


def backtrace(registers, anywhere, options):
    """anywhere: not paused at a call. gdb believes all callers to be at a call, and looks for what is right before the
    address: so it gets the next one."""
    registers = dict(registers, rip=registers["rip"] + anywhere)
    rip, rsp = newest_registers()
    level = selected_level()
    frame, own = gdb.newest_frame(), 1
    while frame.type() == gdb.INLINE_FRAME:
        frame, own = frame.older(), own + 1
    unwinder = PausedStack(registers, rip, rsp)
    gdb.unwinder.register_unwinder(None, unwinder, replace=True)
    gdb.invalidate_cached_frames()
    try:
        said = gdb.execute("bt %s" % options, to_string=True)
    finally:
        gdb.frame_unwinders[:] = [u for u in gdb.frame_unwinders if u is not unwinder]
        gdb.invalidate_cached_frames()
        select(level)
    # The frames of the selected thread go, and the others are counted from 0.
    lines, shown = [], False
    for line in said.splitlines():
        number = re.match(r"#(\d+)( *)", line)
        if number:
            shown = int(number[1]) >= own
            line = "#%-3d%s" % (int(number[1]) - own, line[number.end():])
            if int(number[1]) == own and anywhere:
                line = line.replace("0x%016x in" % registers["rip"], "0x%016x in" % (registers["rip"] - 1), 1)
        if shown or not line.startswith(("#", " ")):
            lines.append(line)
    return "\n".join(lines)


# ---- commands


class Inger(gdb.Command):
    """Preemptible functions and copies of libraries of libinger."""

    def __init__(self):
        super().__init__("inger", gdb.COMMAND_USER, gdb.COMPLETE_NONE, True)


class Calls(gdb.Command):
    """List preemptible functions: inger calls
Number, state, name, function, libset ("-": none), and where it is paused."""

    def __init__(self):
        super().__init__("inger calls", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        numbers = {s.address: s.number for s in libsets()}
        every = list(calls())
        load_sets(call.set for call in every if call.paused() and call.set)
        for call in every:
            where = ""
            if call.paused():
                registers = call.registers()
                where = "at " + symbol_at(registers["rip"]) if registers else "not begun"
            elif call.state in (RUNNING, PAUSING):
                where = "on thread %d" % int(call.c["thread"]["tid"])
            function = symbol_at(int(call.c["func"])) if int(call.c["func"]) else "main"
            print("%-5s %-8s %s  %s  libset %s  %s" % (call.index, STATES[call.state], '"%s"' % call.name if call.name else "-",
                                                     function, numbers.get(call.set, "-"), where))
        if not every:
            print("no calls")


class Backtrace(gdb.Command):
    """Stack of a paused preemptible function: inger bt N [options of bt]
N is a number of "inger calls". The frames can be looked at, with "full" also their variables, but not selected."""

    def __init__(self):
        super().__init__("inger bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        which, _, options = argument.strip().partition(" ")
        if not which:
            raise gdb.GdbError("libinger: inger bt N: which call? See: inger calls")
        call = find_call(which)
        if not call.paused():
            raise gdb.GdbError("libinger: call %s is %s, not paused: its stack is that of its thread: bt" % (which, STATES[call.state]))
        registers = call.registers()
        if registers is None:
            print("call %s has not begun: %s" % (which, symbol_at(int(call.c["func"]))))
            return
        sets = libsets()
        inside = set_of(registers["rip"], sets)
        load_sets({call.set, inside.address if inside else 0} - {0})
        print(backtrace(registers, call.entry() == "full", options))


class Libsets(gdb.Command):
    """List copies of the program's libraries: inger libsets"""

    def __init__(self):
        super().__init__("inger libsets", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        owners = {}
        for call in calls():
            owners[call.set] = call
        sets = libsets()
        for s in sets:
            owner = owners.get(s.address)
            use = "call %s" % owner.index if owner else "ready" if s.in_use else "not in use"
            print("libset %d: %s" % (s.number, use))
            for copy in s.members():
                read = "  (symbols read)" if (copy.region, copy.path) in added else ""
                print("  %#x-%#x %s%s" % (copy.start, copy.end, copy.path, read))
        if not sets:
            print("no libsets: no isolated function was launched")


class Symbols(gdb.Command):
    """Read symbols for copies of libraries: inger symbols [N | all]
N is a number of "inger libsets"; all: of every libset. Without either: of those that launched functions have."""

    def __init__(self):
        super().__init__("inger symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        which = argument.strip()
        sets = libsets()
        if which == "all":
            wanted = [s.address for s in sets if s.in_use]
        elif which.isdigit() and int(which) < len(sets):
            wanted = [sets[int(which)].address]
        elif which:
            raise gdb.GdbError("libinger: no libset %s; see: inger libsets" % which)
        else:
            wanted = [call.set for call in calls() if call.set]
        print("symbols of %d files read" % load_sets(wanted))


Inger()
Calls()
Backtrace()
Libsets()
Symbols()
gdb.events.stop.connect(stopped)
gdb.execute("handle %s nostop noprint pass" % SIGNAL, to_string=True)
