// SPDX-License-Identifier: Apache-2.0

package doctor

func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)
func xgetbv() (low, high uint32)

// The bits and leaves are those that shim/cpu.c looks at.
const (
	osxsave      = 1 << 27 // leaf 1, ECX
	xsavec       = 1 << 1  // leaf 0xd.1, EAX
	xgetbv1      = 1 << 2
	invariantTSC = 1 << 8 // leaf 0x80000007, EDX
)

func (m *Machine) gatherCPU() {
	if highest, _, _, _ := cpuid(0x80000000, 0); highest >= 0x80000007 {
		_, _, _, d := cpuid(0x80000007, 0)
		m.InvariantTSC = d&invariantTSC != 0
	}
	if _, _, c, _ := cpuid(1, 0); c&osxsave == 0 {
		return
	}
	low, high := xgetbv()
	m.XSave = XSave{Enabled: true, Components: uint64(high)<<32 | uint64(low)}
	features, size, _, _ := cpuid(0xd, 1)
	m.XSave.Compact = features&xsavec != 0
	m.XSave.InUse = m.XSave.Compact && features&xgetbv1 != 0
	if !m.XSave.Compact {
		_, size, _, _ = cpuid(0xd, 0)
	}
	m.XSave.Bytes = uint64(size)
}
