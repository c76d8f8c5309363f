// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	testEvents = 1024
	testHeader = 4096 + 4*nameBytes
	testStart  = 1_000_000
)

// testRing is a recording in the making: a tick is a nanosecond.
type testRing struct {
	data  []byte
	count uint64
}

func newTestRing(pid uint32, startNS uint64) *testRing {
	r := &testRing{data: make([]byte, testHeader+testEvents*eventBytes)}
	le := binary.LittleEndian
	copy(r.data, magic)
	for at, v := range map[int]uint32{8: ringVersion, 12: testHeader, 48: pid, 52: 4096, 56: 4, 60: 336, 64: 512} {
		le.PutUint32(r.data[at:], v)
	}
	for at, v := range map[int]uint64{16: testEvents, 24: testStart, 32: startNS, 40: 1 << 32} {
		le.PutUint64(r.data[at:], v)
	}
	copy(r.data[80:], "/usr/bin/tester")
	for i, name := range []string{"malloc", "read", "worker"} {
		copy(r.data[4096+i*nameBytes+8:], name)
	}
	return r
}

func (r *testRing) add(at uint64, k kind, tid int, call uint64, a, b uint64) {
	le := binary.LittleEndian
	event := r.data[testHeader+r.count%testEvents*eventBytes:]
	le.PutUint64(event, testStart+at)
	le.PutUint64(event[8:], a)
	le.PutUint64(event[16:], b)
	le.PutUint64(event[24:], (r.count/testEvents+1)<<50|uint64(k)<<42|uint64(tid)<<20|call)
	r.count++
	le.PutUint64(r.data[72:], (r.count+pageEvents-1)/pageEvents)
}

// everything is one of each kind of event, on two threads.
func everything() *testRing {
	r := newTestRing(100, 5000)
	r.add(10, kindLaunch, 100, 1, 0, 3)
	r.add(20, kindSliceBegin, 100, 1, testStart+1020, 0)
	r.add(100, kindWaitBegin, 100, 1, 2, 7)
	r.add(1000, kindSignal, 100, 1, testStart+1020, 0)
	r.add(1030, kindSliceEnd, 100, 1, 0, testStart+1020)
	r.add(1100, kindLibset, 101, 0, 1, 0xabc000)
	r.add(2000, kindSliceBegin, 101, 1, testStart+3000, 0)
	r.add(2500, kindWaitEnd, 101, 1, 2, 0)
	r.add(3005, kindSignal, 101, 1, testStart+3000, 1)
	r.add(3006, kindDefer, 101, 1, 1, 0x123)
	r.add(3500, kindSliceEnd, 101, 1, 0, testStart+3000)
	r.add(4000, kindCancelBegin, 100, 1, 0, 0)
	r.add(4100, kindSliceBegin, 100, 1, testStart+9000, 0)
	r.add(4200, kindFault, 100, 1, 11<<48|0x123, 0x10)
	r.add(4300, kindSliceEnd, 100, 1, 1, testStart+9000)
	r.add(4400, kindCancelEnd, 100, 1, 0, 0)
	r.add(5000, kindLaunch, 100, 2, 0x77, 0)
	r.add(5010, kindSliceBegin, 100, 2, never, 0)
	r.add(5100, kindLaunch, 100, 3, 0x78, 1<<32|2<<40)
	r.add(5110, kindSliceBegin, 100, 3, never, 0)
	r.add(5200, kindSliceEnd, 100, 2, 3, never) // the inner one has been left with it
	r.add(6000, kindWaitBegin, 101, 0, 2, 1)
	r.add(7000, kindExit, 100, 0, 0, 0)
	return r
}

func (r *testRing) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, r.data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *testRing) read(t *testing.T) *Trace {
	t.Helper()
	trace, err := Read(r.file(t))
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// of picks events by category and phase.
func of(trace *Trace, cat, ph string) []Event {
	var found []Event
	for _, e := range trace.Events {
		if e.Cat == cat && e.Ph == ph {
			found = append(found, e)
		}
	}
	return found
}

func TestSlicesSayWhyTheyEndedAndByHowMuchTooLate(t *testing.T) {
	trace := everything().read(t)
	slices := of(trace, CatSlice, "X")
	if len(slices) != 5 {
		t.Fatalf("%d slices, want 5", len(slices))
	}
	first := slices[0]
	if first.Name != "worker" || first.TS != 20 || *first.Dur != 1010 || first.Args.End != "clock" || *first.Args.Overshoot != 10 ||
		*first.Args.Budget != 1000 || first.TID != 100 {
		t.Errorf("the first slice is %+v, %+v", first, first.Args)
	}
	if slices[1].TID != 101 || slices[1].Args.Number != 2 || slices[1].Args.Call != first.Args.Call {
		t.Errorf("the second slice, on another thread, is %+v, %+v", slices[1], slices[1].Args)
	}
	if inner := slices[4]; inner.Args.End != "left" || inner.TS+*inner.Dur != 5200 || inner.Name != "0x78" {
		t.Errorf("the slice that was left is %+v, %+v", inner, inner.Args)
	}
}

func TestADeferralLastsUntilThePause(t *testing.T) {
	trace := everything().read(t)
	begin, end := of(trace, CatDefer, "b"), of(trace, CatDefer, "e")
	if len(begin) != 1 || len(end) != 1 || begin[0].Name != "malloc" || end[0].TS-begin[0].TS != 494 || begin[0].ID != end[0].ID {
		t.Errorf("deferrals %+v, %+v", begin, end)
	}
}

func TestAWaitGoesOnOverPauses(t *testing.T) {
	trace := everything().read(t)
	s := Summarize(trace)
	i := slices.IndexFunc(s.Waits, func(g Group) bool { return g.Name == "read" })
	if i < 0 || s.Waits[i].Times.Count() != 2 || s.Waits[i].Times.Max() != 2400 || s.Waits[i].Times.Percentile(1) != 1000 {
		t.Errorf("waits %+v", s.Waits)
	}
}

func TestSummary(t *testing.T) {
	s := Summarize(everything().read(t))
	if s.Calls["cancelled"] != 1 || s.Calls["left"] != 1 || s.Ends["clock"] != 2 || s.Ends["yielded"] != 1 || s.Libsets["renewed"] != 1 {
		t.Errorf("calls %v, ends %v, libsets %v", s.Calls, s.Ends, s.Libsets)
	}
	if len(s.Cancels) != 1 || s.Cancels[0].Name != "worker" || s.Cancels[0].Times.Max() != 400 || len(s.Faults) != 1 {
		t.Errorf("cancels %+v, faults %+v", s.Cancels, s.Faults)
	}
	if len(s.Processes) != 1 || s.Processes[0].Name != "tester" || s.Processes[0].Span != 6990 {
		t.Fatalf("processes %+v", s.Processes)
	}
	// 1010 + 1500 + 200 + 190; the inner slice lies in the outer one.
	if got := s.Processes[0].Sliced; got != 2900 {
		t.Errorf("in slices %d, want 2900", got)
	}
	text := s.Text()
	for _, want := range []string{"tester (100): 6.99us, 2.90us of it in slices", "slices: 5", "malloc", "read", "SIGSEGV in 0x123"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

func TestLimitedFunctionsOfTwoThreadsAreTold(t *testing.T) {
	r := newTestRing(100, 0)
	for tid := 100; tid < 102; tid++ {
		r.add(uint64(tid), kindLaunch, tid, callLimited, 0x50, 3)
		r.add(uint64(tid)+5, kindSliceBegin, tid, callLimited, testStart+200, 0)
	}
	r.add(300, kindSliceEnd, 100, callLimited, 5, testStart+200)
	r.add(400, kindSliceEnd, 101, callLimited, 2, testStart+200)
	found := of(r.read(t), CatSlice, "X")
	if len(found) != 2 || found[0].Args.End != "given up" || *found[0].Args.Overshoot != 100 || found[1].Args.End != "done" ||
		found[0].Args.Call == found[1].Args.Call {
		t.Errorf("slices %+v", found)
	}
}

func TestTornAndOverwrittenEventsAreLeftOut(t *testing.T) {
	r := newTestRing(100, 0)
	for i := uint64(0); i < testEvents+pageEvents+1; i++ { // one page and one event of the second lap, and of the next page
		r.add(10*i, kindSignal, 100, 0, never, 3)
	}
	trace := r.read(t)
	// The page that has one new event has lost its old ones.
	if got := len(of(trace, CatSignal, "i")); got != testEvents-pageEvents+1 {
		t.Errorf("%d events, want %d", got, testEvents-pageEvents+1)
	}
	if trace.Lost != 2*pageEvents {
		t.Errorf("%d lost, want %d", trace.Lost, 2*pageEvents)
	}
	whole := everything()
	before := len(of(whole.read(t), CatFault, "i"))
	binary.LittleEndian.PutUint64(whole.data[testHeader+13*eventBytes+24:], 0) // claimed and not written
	if after := len(of(whole.read(t), CatFault, "i")); before != 1 || after != 0 {
		t.Errorf("faults %d, and %d without the mark", before, after)
	}
}

func TestWhatIsOpenAtTheEndIsClosed(t *testing.T) {
	r := newTestRing(100, 0)
	r.add(10, kindLaunch, 100, callMain, 0x50, 3)
	r.add(20, kindSliceBegin, 100, callMain, never, 0)
	r.add(500, kindWaitBegin, 100, callMain, 2, 0)
	r.add(900, kindLibset, 101, 0, 0, 0)
	trace := r.read(t)
	slices, waits, calls := of(trace, CatSlice, "X"), of(trace, CatWait, "e"), of(trace, CatCall, "e")
	if len(slices) != 1 || slices[0].Args.End != "cut off" || slices[0].TS+*slices[0].Dur != 900 || len(waits) != 1 || len(calls) != 1 {
		t.Errorf("slices %+v, waits %+v, calls %+v", slices, waits, calls)
	}
}

func TestRecordingsOfSeveralProcessesShareTheClock(t *testing.T) {
	late, early := newTestRing(7, 9000), newTestRing(8, 4000)
	late.add(1, kindExit, 7, 0, 0, 0)
	early.add(2, kindExit, 8, 0, 0, 0)
	trace, err := Read(late.file(t), early.file(t))
	if err != nil {
		t.Fatal(err)
	}
	exits := of(trace, CatExit, "i")
	if len(exits) != 2 || exits[0].PID != 8 || exits[0].TS != 2 || exits[1].TS != 5001 {
		t.Errorf("exits %+v", exits)
	}
}

func TestReadRefuses(t *testing.T) {
	damaged := func(at int, v uint64, bytes int) []byte {
		data := slices.Clone(everything().data)
		for i := range bytes {
			data[at+i] = byte(v >> (8 * i))
		}
		return data
	}
	tests := map[string]struct {
		data   []byte
		reason string
	}{
		"an empty file":                {nil, "the file is empty"},
		"text":                         {[]byte("hello\n"), "not a trace of libinger"},
		"a head alone":                 {[]byte(magic), "not a trace"},
		"a ring without its events":    {everything().data[:testHeader+10], "do not fit"},
		"no power of two":              {damaged(16, 1000, 8), "do not fit"},
		"more events than can be":      {damaged(16, 1<<63, 8), "do not fit"},
		"tables outside of the header": {damaged(60, 1<<31, 4), "tables lie outside"},
		"names outside of the header":  {damaged(56, 1<<31, 4), "tables lie outside"},
		"a clock that stands still":    {damaged(40, 0, 8), "clock"},
		"another version":              {damaged(8, 9, 4), "another version"},
		"foreign JSON":                 {[]byte(`{"a": 1}`), "JSON, but not a trace"},
		"somebody else's trace":        {[]byte(`{"traceEvents": []}`), "JSON, but not a trace"},
		"JSON that ends early":         {[]byte(`{"traceEvents": [`), "damaged JSON"},
		"events of another kind":       {[]byte(`{"traceEvents": 5}`), "not a trace"},
		"a time that is none":          {[]byte(`{"traceEvents": [{"ts": "x"}]}`), "not a trace"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, tc.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if err == nil || !strings.Contains(err.Error(), tc.reason) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tc.reason)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a file that is not there", err)
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a folder is read")
	}
}

func FuzzRing(f *testing.F) {
	f.Add(everything().data)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRing(data)
		if err != nil {
			return
		}
		r.objects = nil // names files of this machine
		s := Summarize(merge([]*ring{r}))
		_ = s.Text()
	})
}
