// SPDX-License-Identifier: Apache-2.0

package gotcha

/*
#include "../shim/limit.h"
#include "libset.h"

extern char shim_limit_enter[] __attribute__((visibility("hidden")));
static inline void *limit_entry(void) { return shim_limit_enter; }
static inline void limit_publish(struct shim_limit *l)
{
	l->next = atomic_load(&shim_limit_functions);
	atomic_store(&shim_limit_functions, l);
}
*/
import "C"

import (
	delf "debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"libinger/interpose"
	"libinger/limit"
)

// limits is what INGER_LIMITS and INGER_CONFIG ask for, and which functions have stubs by now.
type limits struct {
	rules []limit.Rule
	told  []C.struct_shim_limit_rule // of rules, in the same order
	stubs map[uint64]stub            // by the function's address
	made  map[uint64]stubbed         // by the stub's address
	seen  map[*object]bool
	free  []byte // room for stubs
}

// stub is what was decided about a function.
type stub struct {
	at uint64  // 0: it has none
	of *object // that the function is in; nil: in none
}

// stubbed is what a stub is for.
type stubbed struct {
	function uint64 // in the starting libset
	limit    *C.struct_shim_limit
}

var theLimits limits

// function gives the function that an address leads to, which may be a stub's.
func (l *limits) function(address uint64) uint64 {
	if s, is := l.made[address]; is {
		return s.function
	}
	return address
}

// stubBytes: movabs $limit, %r11; jmp *(%r11).
const stubBytes = 16

//export gotcha_go_limits
func gotcha_go_limits(request *C.struct_shim_limit_request) C.int {
	return outcome(func() error {
		l := &theLimits
		if request.rules != nil || request.file != nil {
			l.read(request)
		}
		if len(l.rules) == 0 {
			return nil
		}
		if err := the.look(); err != nil {
			return err
		}
		l.forget()
		if request.symbol != nil {
			return l.found(request)
		}
		for _, o := range the.objects {
			if !l.seen[o] {
				l.seen[o] = true
				if err := l.bind(o); err != nil {
					tell("calls have no limits", o.Path, err)
				}
			}
		}
		return nil
	})
}

// read takes the rules; those of INGER_LIMITS come first. What is wrong is said, and leaves the other's in force.
func (l *limits) read(request *C.struct_shim_limit_request) {
	*l = limits{stubs: map[uint64]stub{}, made: map[uint64]stubbed{}, seen: map[*object]bool{}}
	l.add("INGER_LIMITS", request.rules, limit.Parse)
	l.add("INGER_CONFIG", request.file, limit.ReadFile)
	if len(l.rules) == 0 {
		return
	}
	l.told = array[C.struct_shim_limit_rule](len(l.rules))
	for i, rule := range l.rules {
		l.told[i].text = C.CString(rule.String())
	}
	C.shim_limit_rules, C.shim_limit_rule_count = unsafe.SliceData(l.told), C.uint32_t(len(l.told))
}

// add takes the rules of one option; NULL: it is not set.
func (l *limits) add(option string, value *C.char, read func(string) ([]limit.Rule, error)) {
	if value == nil {
		return
	}
	text := C.GoString(value)
	if text == "none" {
		return
	}
	rules, err := read(text)
	if err != nil {
		tell("functions have no limits", option, err)
	}
	l.rules = append(l.rules, rules...)
}

// forget drops what is known of objects that were unloaded: others may come to their addresses, or they themselves once more.
func (l *limits) forget() {
	there := make(map[*object]bool, len(the.objects))
	for _, o := range the.objects {
		there[o] = true
	}
	gone := false
	for o := range l.seen {
		if !there[o] {
			delete(l.seen, o)
			gone = true
		}
	}
	if !gone {
		return
	}
	for target, s := range l.stubs {
		if !there[s.of] {
			delete(l.stubs, target)
		}
	}
}

// found answers dlsym(): the stub in the function's place.
func (l *limits) found(request *C.struct_shim_limit_request) error {
	stub, err := l.stub(C.GoString(request.symbol), l.function(uint64(request.address)))
	if err == nil && stub != 0 {
		request.address = C.uint64_t(stub)
	}
	return err
}

// callsThrough says whether calls out of the object are limited: not libc's and the linker's own, nor ours.
func callsThrough(o *object) bool {
	return o.Dynamic.Size != 0 && !o.libc() && !strings.HasPrefix(o.Name, "ld-linux") && !strings.HasPrefix(o.Name, "libinger.so")
}

// bind points the words of one object that lead to limited functions at their stubs: of its GOT, and of its initialised
// data (tables of functions, C++ tables of virtual functions).
func (l *limits) bind(o *object) error {
	if !callsThrough(o) {
		return nil
	}
	b := the.binder(o)
	var words []C.struct_gotcha_word
	for r, err := range o.Relocations() {
		if err != nil {
			return err
		}
		if r.Type != delf.R_X86_64_GLOB_DAT && r.Type != delf.R_X86_64_JMP_SLOT && (r.Type != delf.R_X86_64_64 || r.Addend != 0) {
			continue
		}
		s, err := o.Symbol(r.Symbol)
		if err != nil || s.Name == "" {
			continue
		}
		if !slices.ContainsFunc(l.rules, func(rule limit.Rule) bool { return rule.MatchesSymbol(s.Name) }) {
			continue
		}
		target, err := b.target(r)
		if err != nil || target == 0 {
			continue // not bound, and perhaps never to be
		}
		stub, err := l.stub(s.Name, target)
		if err != nil {
			return err
		}
		before, err := o.Word(r.Offset)
		if err != nil {
			return err
		}
		if r.Type == delf.R_X86_64_64 && before != target {
			continue // the program has changed it since, or it is done
		}
		if stub != 0 && before != stub {
			words = append(words, C.struct_gotcha_word{word: foreign[C.uint64_t](o.Base + r.Offset), before: C.uint64_t(before), after: C.uint64_t(stub)})
		}
	}
	if len(words) == 0 {
		return nil
	}
	kept := array[C.struct_gotcha_word](len(words))
	copy(kept, words)
	relro := o.layoutRELRO()
	start := uint64(0)
	if relro.Size > 0 {
		start = o.Base + relro.Start
	}
	if C.gotcha_install(unsafe.SliceData(kept), C.uint32_t(len(kept)), false, C.uint64_t(start), C.uint64_t(relro.Size)) == 0 {
		return failure(o, "its GOT was not written")
	}
	for _, w := range kept {
		o.point(uint64(uintptr(unsafe.Pointer(w.word))), uint64(w.after))
	}
	return nil
}

// definer names the object that a function is in, as patterns have it. Wrappers of ours are libc's functions.
func definer(symbol string, address uint64) (o *object, name string) {
	for _, o := range the.objects {
		if address-o.low() >= o.high()-o.low() {
			continue
		}
		if !strings.HasPrefix(o.Name, "libinger.so") {
			return o, o.Name
		}
		if _, libcs := interpose.Lookup(symbol); libcs {
			return o, "libc.so.6"
		}
	}
	return nil, ""
}

// stub gives the stub of a function, 0 when no rule is about it.
func (l *limits) stub(symbol string, target uint64) (uint64, error) {
	if s, known := l.stubs[target]; known {
		return s.at, nil
	}
	o, name := definer(symbol, target)
	at, err := l.makeStub(symbol, target, o, name)
	if err == nil {
		l.stubs[target] = stub{at, o}
	}
	return at, err
}

// makeStub is for a function of an object, whose name patterns have.
func (l *limits) makeStub(symbol string, target uint64, o *object, name string) (uint64, error) {
	if o == nil || !o.isText(target) {
		return 0, nil
	}
	i := slices.IndexFunc(l.rules, func(rule limit.Rule) bool { return rule.Matches(name, symbol) })
	if i < 0 {
		return 0, nil
	}
	rule := &l.rules[i]
	if why := limit.Exempt(symbol); why != "" {
		if rule.Symbol == symbol {
			tell("a function has no limit", name+":"+symbol, errors.New(why))
		}
		return 0, nil
	}
	l.told[i].functions++
	c := (*C.struct_shim_limit)(allocate(C.sizeof_struct_shim_limit))
	c.enter = C.limit_entry()
	c.target = C.uint64_t(target)
	c.budget_us = C.uint64_t(rule.Budget.Microseconds())
	c.name = C.CString(name + ":" + limit.Demangled(symbol))
	c.ends = C.CString(rule.Ends())
	switch rule.Action {
	case limit.Return:
		c.action, c.value, c.error = C.LIMIT_RETURN, C.uint64_t(rule.Value), C.int(rule.Errno)
	case limit.Abort:
		c.action = C.LIMIT_ABORT
	case limit.Log:
		c.action = C.LIMIT_LOG
	case limit.Signal:
		c.action, c.signal = C.LIMIT_SIGNAL, C.int(rule.Signal)
	}
	at, err := l.write(uint64(uintptr(unsafe.Pointer(c))))
	if err != nil {
		return 0, err
	}
	l.made[at] = stubbed{target, c}
	// Read at the end of the process, by a thread that may be another one.
	C.limit_publish(c)
	return at, nil
}

// write makes a stub. Each page of stubs is written once, before anybody may run in it: a page for one stub is rare, since
// the words of an object come together.
func (l *limits) write(c uint64) (uint64, error) {
	if len(l.free) < stubBytes {
		page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return 0, fmt.Errorf("memory for stubs: %w", err)
		}
		l.free = page
	}
	page := l.free[:stubBytes:stubBytes]
	at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(page))))
	whole := unsafe.Slice(foreign[byte](at&^uint64(os.Getpagesize()-1)), os.Getpagesize())
	if err := unix.Mprotect(whole, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC); err != nil {
		return 0, fmt.Errorf("executable memory for stubs: %w", err)
	}
	page[0], page[1] = 0x49, 0xbb
	binary.LittleEndian.PutUint64(page[2:], c)
	page[10], page[11], page[12] = 0x41, 0xff, 0x23
	l.free = l.free[stubBytes:]
	if err := unix.Mprotect(whole, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return 0, fmt.Errorf("executable memory for stubs: %w", err)
	}
	return at, nil
}
