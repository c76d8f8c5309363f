// SPDX-License-Identifier: Apache-2.0

// Package doctor checks whether a machine, and a program on it, suit libinger.
//
// A check is a function from a Machine, which holds facts only, to findings: what is read from the system is gathered
// beforehand (Gather), so that each mark of each check can be had without such a system.
package doctor

// A Mark says how bad a finding is.
type Mark int

// The marks.
const (
	OK   Mark = iota
	Warn      // works, with a limit or a cost that is worth knowing
	Fail      // does not work
)

// String returns the mark as it is printed.
func (m Mark) String() string {
	switch m {
	case OK:
		return "ok"
	case Warn:
		return "warn"
	case Fail:
		return "fail"
	}
	return "?"
}

// A Finding is one line of the answer.
type Finding struct {
	Check  string // the name of the check
	Mark   Mark
	Says   string // what is so, and what it means
	Advice string // what to do; empty when there is nothing
}

// A check is a row of the table. It returns at least one finding, or none where there is nothing to look at.
type check struct {
	name string
	run  func(*Machine) []Finding
}

// machineChecks and programChecks are in the order of printing.
var machineChecks = []check{
	{"kernel", kernel},
	{"guard", guardPages},
	{"fsgsbase", fsgsbase},
	{"xsave", xsave},
	{"shadow", shadowStack},
	{"clock", clock},
	{"timer", timer},
	{"slack", timerSlack},
	{"signal", signal},
	{"libc", libc},
	{"tunables", tunables},
	{"tls", staticTLS},
	{"libsets", libsets},
	{"exec", executable},
	{"limits", limits},
	{"seccomp", seccomp},
	{"secure", secure},
	{"preload", preload},
	{"options", optionValues},
	{"library", library},
	{"pause", pause},
}

var programChecks = []check{
	{"program", program},
	{"sanitizer", sanitizers},
	{"malloc", ownMalloc},
	{"names", ownNames},
	{"reach", reach},
	{"objects", objects},
}

// Check runs the checks of the machine.
func (m *Machine) Check() []Finding { return runAll(machineChecks, m) }

// CheckProgram runs those of m.Program, which must not be nil.
func (m *Machine) CheckProgram() []Finding { return runAll(programChecks, m) }

func runAll(checks []check, m *Machine) []Finding {
	var all []Finding
	for _, c := range checks {
		for _, finding := range c.run(m) {
			finding.Check = c.name
			all = append(all, finding)
		}
	}
	return all
}

// Worst returns the worst of the marks.
func Worst(findings []Finding) Mark {
	worst := OK
	for _, finding := range findings {
		worst = max(worst, finding.Mark)
	}
	return worst
}

func ok(says string) []Finding           { return []Finding{{Mark: OK, Says: says}} }
func warn(says, advice string) []Finding { return []Finding{{Mark: Warn, Says: says, Advice: advice}} }
func fail(says, advice string) []Finding { return []Finding{{Mark: Fail, Says: says, Advice: advice}} }
