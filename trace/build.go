// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

var ends = []string{"clock", "yielded", "done", "left", "faulted", "given up"}
var outcomes = []string{"pauses", "deferred", "early", "spurious", "comes back"}
var libsets = []string{"made", "renewed", "retired", "gone"}

// word takes what a damaged file may have made of a small number.
func word(list []string, n uint64) string {
	if n < uint64(len(list)) {
		return list[n]
	}
	return "unknown"
}

// call is a preemptible function under way.
type call struct {
	name   string
	number uint64
	slices int
	begun  bool // its launch is among the events
	ended  bool
	wait   []open // innermost last
	due    *open  // a pause that is deferred
}

// open is what has begun and not ended.
type open struct {
	cat, name string
	since     Time
	call      *call
	id        uint64 // of the call, as recorded
	args      Args
	tid       int
	wait      uint64 // which name
}

// builder turns the records of one process into events.
type builder struct {
	r       *ring
	symbols *symbols
	out     *Trace
	zero    Time // the earliest moment of all processes
	last    Time
	calls   map[uint64]*call
	numbers uint64
	ids     uint64
	threads map[int][]open // slices and cancels, innermost last
	waits   map[int][]open // of threads outside of calls
	exited  bool
}

// build appends the events of r, with times counted from zero.
func build(out *Trace, r *ring, zero Time) {
	b := &builder{r: r, symbols: newSymbols(r.objects), out: out, zero: zero,
		calls: map[uint64]*call{}, threads: map[int][]open{}, waits: map[int][]open{}}
	out.Lost += r.lost
	b.metadata("process_name", r.pid, processName(r))
	for i := range r.records {
		b.record(&r.records[i])
	}
	b.close()
}

func processName(r *ring) string {
	if r.program == "" {
		return "process " + strconv.Itoa(r.pid)
	}
	return filepath.Base(r.program)
}

func (b *builder) add(e Event) {
	e.PID = b.r.pid
	b.out.Events = append(b.out.Events, e)
}

func (b *builder) metadata(what string, tid int, name string) {
	b.add(Event{Name: what, Cat: CatMetadata, Ph: "M", TID: tid, Args: &Args{Name: name}})
}

func (b *builder) instant(cat, name string, rec *record, scope string, args Args) {
	b.add(Event{Name: name, Cat: cat, Ph: "i", TS: b.last, TID: rec.tid, Scope: scope, Args: &args})
}

// span writes an interval that may lie across others: a pair with an id of its own.
func (b *builder) span(o *open, until Time) {
	b.ids++
	id := "0x" + strconv.FormatUint(uint64(b.r.pid)<<32|b.ids, 16)
	b.add(Event{Name: o.name, Cat: o.cat, Ph: "b", TS: o.since, TID: o.tid, ID: id, Args: &o.args})
	b.add(Event{Name: o.name, Cat: o.cat, Ph: "e", TS: until, TID: o.tid, ID: id})
}

// complete writes an interval of a thread.
func (b *builder) complete(o *open, until Time) {
	dur := until - o.since
	b.add(Event{Name: o.name, Cat: o.cat, Ph: "X", TS: o.since, Dur: &dur, TID: o.tid, Args: &o.args})
}

func (b *builder) call(id uint64) *call {
	if id == 0 {
		return nil
	}
	c := b.calls[id]
	if c == nil { // launched before the oldest event
		b.numbers++
		c = &call{number: b.numbers, name: fmt.Sprintf("call %d", b.numbers)}
		if id == callMain {
			c.name = "main"
		}
		b.calls[id] = c
	}
	return c
}

func (b *builder) record(rec *record) {
	b.last = b.r.ns(rec.ticks) - b.zero
	if _, seen := b.threads[rec.tid]; !seen {
		b.threads[rec.tid] = nil
		name := "thread " + strconv.Itoa(rec.tid)
		if rec.tid == b.r.pid {
			name = "main thread"
		}
		b.metadata("thread_name", rec.tid, name)
	}
	if rec.kind == kindLaunch {
		b.launch(rec)
		return
	}
	c := b.call(rec.call)
	switch rec.kind {
	case kindSliceBegin:
		if c != nil {
			b.sliceBegin(rec, c)
		}
	case kindSliceEnd:
		b.sliceEnd(rec)
	case kindDefer:
		if c != nil {
			c.due = &open{cat: CatDefer, name: b.r.name(rec.a), since: b.last, call: c, tid: rec.tid,
				args: Args{Call: c.number, At: b.symbols.function(rec.b)}}
		}
	case kindWaitBegin, kindWaitEnd:
		b.wait(rec, c)
	case kindCancelBegin:
		if c != nil {
			b.threads[rec.tid] = append(b.threads[rec.tid], open{cat: CatCancel, name: "cancel " + c.name, since: b.last,
				call: c, id: rec.call, tid: rec.tid, args: Args{Call: c.number}})
		}
	case kindCancelEnd:
		b.cancelEnd(rec, c)
	case kindFault:
		signal := syscall.Signal(rec.a >> 48)
		at := b.symbols.function(rec.a & (1<<48 - 1))
		args := Args{At: at, Address: fmt.Sprintf("0x%x", rec.b)}
		if c != nil {
			args.Call = c.number
		}
		b.instant(CatFault, strings.ToUpper(signalName(signal))+" in "+at, rec, "t", args)
	case kindLibset:
		what := word(libsets, rec.a)
		b.instant(CatLibset, "libset "+what, rec, "p", Args{Outcome: what, Address: fmt.Sprintf("0x%x", rec.b)})
	case kindSignal:
		b.signal(rec, c)
	case kindExit:
		b.exited = true
		b.instant(CatExit, "exit", rec, "p", Args{})
	}
}

func signalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGSEGV:
		return "SIGSEGV"
	case syscall.SIGBUS:
		return "SIGBUS"
	case syscall.SIGFPE:
		return "SIGFPE"
	case syscall.SIGILL:
		return "SIGILL"
	}
	return "signal " + strconv.Itoa(int(s))
}

func (b *builder) launch(rec *record) {
	if old := b.calls[rec.call]; old != nil {
		b.end(old)
	}
	b.numbers++
	c := &call{number: b.numbers, begun: true}
	if name := rec.b & 0xffffffff; name != 0 {
		c.name = b.r.name(name)
	} else {
		c.name = b.symbols.function(rec.a)
	}
	b.calls[rec.call] = c
	args := Args{Call: c.number, Kind: "shared"}
	if rec.b>>32&1 != 0 {
		args.Kind = "isolated"
	}
	if outer := b.calls[callOf(rec.b>>40&0xfffff|uint64(rec.tid)<<20)]; outer != nil {
		args.Launcher = outer.number
	}
	b.add(Event{Name: c.name, Cat: CatCall, Ph: "b", TS: b.last, TID: rec.tid, ID: b.callID(c), Args: &args})
}

func (b *builder) callID(c *call) string {
	return "0x" + strconv.FormatUint(uint64(b.r.pid)<<32|1<<31|c.number, 16)
}

// finish ends a call's own interval.
func (b *builder) finish(c *call, how string) {
	b.end(c)
	if c.begun && !c.ended {
		b.add(Event{Name: c.name, Cat: CatCall, Ph: "e", TS: b.last, TID: b.r.pid, ID: b.callID(c), Args: &Args{End: how}})
	}
	c.ended = true
}

// end closes what a call has open besides itself: it has been left, or its end is not among the events.
func (b *builder) end(c *call) {
	b.paused(c)
	for len(c.wait) > 0 {
		b.span(&c.wait[len(c.wait)-1], b.last)
		c.wait = c.wait[:len(c.wait)-1]
	}
}

// paused ends a deferral.
func (b *builder) paused(c *call) {
	if c.due != nil {
		b.span(c.due, b.last)
		c.due = nil
	}
}

func (b *builder) sliceBegin(rec *record, c *call) {
	c.slices++
	args := Args{Call: c.number, Number: c.slices}
	if rec.a != never {
		budget := b.r.between(rec.a, rec.ticks)
		args.Budget = &budget
	}
	b.threads[rec.tid] = append(b.threads[rec.tid], open{cat: CatSlice, name: c.name, since: b.last, call: c, id: rec.call,
		tid: rec.tid, args: args})
}

// take removes the innermost open interval of that kind and call from its thread. What is inside it has been left: its end
// is not among the events.
func (b *builder) take(tid int, cat string, id uint64) *open {
	stack := b.threads[tid]
	for i := len(stack) - 1; i >= 0; i-- {
		if stack[i].cat != cat || stack[i].id != id {
			continue
		}
		for j := len(stack) - 1; j > i; j-- {
			stack[j].args.End = "left"
			b.complete(&stack[j], b.last)
		}
		found := stack[i]
		b.threads[tid] = stack[:i]
		return &found
	}
	return nil
}

func (b *builder) sliceEnd(rec *record) {
	o := b.take(rec.tid, CatSlice, rec.call)
	if o == nil {
		return
	}
	o.args.End = word(ends, rec.a)
	if (o.args.End == "clock" || o.args.End == "given up") && rec.b != never {
		over := b.r.between(rec.ticks, rec.b)
		o.args.Overshoot = &over
	}
	b.complete(o, b.last)
	b.paused(o.call)
	if o.args.End != "clock" && o.args.End != "yielded" {
		b.finish(o.call, o.args.End)
	}
}

func (b *builder) cancelEnd(rec *record, c *call) {
	o := b.take(rec.tid, CatCancel, rec.call)
	if o == nil {
		return
	}
	if rec.a != 0 {
		o.args.Error = syscall.Errno(rec.a & 0xfff).Error()
	}
	b.complete(o, b.last)
	if rec.a == 0 {
		b.finish(o.call, "cancelled")
	}
}

func (b *builder) wait(rec *record, c *call) {
	stack := b.waits[rec.tid]
	if c != nil {
		stack = c.wait
	}
	if rec.kind == kindWaitBegin {
		o := open{cat: CatWait, name: b.r.name(rec.a), since: b.last, tid: rec.tid, wait: rec.a}
		if c != nil {
			o.args.Call = c.number
		}
		switch {
		case rec.b != 0 && rec.b < 1<<20:
			o.args.On = strconv.FormatUint(rec.b, 10)
		case rec.b != 0:
			o.args.On = fmt.Sprintf("0x%x", rec.b)
		}
		stack = append(stack, o)
	} else {
		for i := len(stack) - 1; i >= 0; i-- {
			if stack[i].wait != rec.a {
				continue
			}
			for j := len(stack) - 1; j >= i; j-- { // those inside were left by a jump
				b.span(&stack[j], b.last)
			}
			stack = stack[:i]
			break
		}
	}
	if c != nil {
		c.wait = stack
	} else {
		b.waits[rec.tid] = stack
	}
}

func (b *builder) signal(rec *record, c *call) {
	args := Args{Outcome: word(outcomes, rec.b)}
	if c != nil {
		args.Call = c.number
	}
	if rec.a != never {
		late := b.r.between(rec.ticks, rec.a)
		args.Late = &late
	}
	b.instant(CatSignal, "signal", rec, "t", args)
}

// close ends at the last known moment what the process had under way then.
func (b *builder) close() {
	how := "cut off"
	if b.exited {
		how = "exit"
	}
	for _, tid := range sortedKeys(b.threads) {
		stack := b.threads[tid]
		for i := len(stack) - 1; i >= 0; i-- {
			stack[i].args.End = how
			b.complete(&stack[i], b.last)
		}
	}
	for _, id := range sortedKeys(b.calls) {
		c := b.calls[id]
		if !c.ended {
			b.finish(c, how)
		}
	}
	for _, tid := range sortedKeys(b.waits) {
		for i := len(b.waits[tid]) - 1; i >= 0; i-- {
			b.span(&b.waits[tid][i], b.last)
		}
	}
}
