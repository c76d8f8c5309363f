// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

// A tunable that matters here, what it does to us when its value is one of those, and what to do.
var tunableRows = []struct {
	name   string
	bad    func(value string) bool
	mark   Mark
	what   string
	advice string
}{
	{"glibc.elision.enable", is("1"), Warn, "locks are elided in transactions, which the signal of a pause aborts", "unset it"},
	{"glibc.cpu.x86_shstk", is("on"), Fail, "shadow stacks, and calls have none: the first return in a call faults", "unset it"},
	{"glibc.malloc.check", not("0"), Warn, "the heap is checked at each call, in deferred sections: pauses come later", ""},
	{"glibc.malloc.perturb", not("0"), Warn, "each piece of memory is filled, in deferred sections: pauses come later", ""},
	{"glibc.pthread.rseq", is("0"), OK, "no restartable sequences, which calls do not need", ""},
}

func is(wanted string) func(string) bool { return func(value string) bool { return value == wanted } }
func not(harmless string) func(string) bool {
	return func(value string) bool { return value != harmless }
}

// parseTunables reads NAME=VALUE:NAME=VALUE. glibc ignores what is not of that form.
func parseTunables(text string) (values map[string]string, malformed []string) {
	values = map[string]string{}
	for _, entry := range strings.Split(text, ":") {
		name, value, found := strings.Cut(entry, "=")
		switch {
		case entry == "":
		case !found || name == "" || strings.Contains(value, "="):
			malformed = append(malformed, entry)
		default:
			values[name] = value
		}
	}
	return values, malformed
}

func tunables(m *Machine) []Finding {
	text := m.Environment["GLIBC_TUNABLES"]
	if text == "" {
		return ok("GLIBC_TUNABLES is not set")
	}
	values, malformed := parseTunables(text)
	var found []Finding
	for _, entry := range malformed {
		found = append(found, warn(fmt.Sprintf("GLIBC_TUNABLES: %q is not NAME=VALUE, and newer loaders then ignore all", entry), "correct it")...)
	}
	for _, row := range tunableRows {
		if value, set := values[row.name]; set && row.bad(value) {
			found = append(found, Finding{Mark: row.mark, Says: row.name + "=" + value + ": " + row.what, Advice: row.advice})
		}
	}
	if found == nil {
		return ok(fmt.Sprintf("GLIBC_TUNABLES is %q: nothing that matters here", text))
	}
	return found
}

// optionalTLS is what glibc keeps for libraries that are opened late and want to be in the static block
// (glibc.rtld.optional_static_tls).
const optionalTLS = 512

func staticTLS(m *Machine) []Finding {
	if m.Library.Problem != "" {
		return nil
	}
	room := uint64(optionalTLS)
	values, _ := parseTunables(m.Environment["GLIBC_TUNABLES"])
	if value, set := values["glibc.rtld.optional_static_tls"]; set {
		if number, err := strconv.ParseUint(value, 0, 64); err == nil {
			room = number
		}
	}
	need := m.Library.TLSBytes
	says := fmt.Sprintf("libinger.so takes %d bytes of static TLS; a library that dlopen() brings has %d for all", need, room)
	if need > room {
		return warn(says+": it can be preloaded and linked, and not opened late",
			fmt.Sprintf("set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=%d to open it late", 2*need))
	}
	return ok(says)
}
