// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"path"
	"slices"
	"strings"
)

// dataRow is the policy for exported variables. Objects and symbols are shell patterns, separated by white space.
type dataRow struct {
	shared  bool
	why     string
	objects string
	symbols string
}

// dataTable: the first row that matches decides. A variable that no row names belongs to its libset.
var dataTable = []dataRow{
	{true, "one instance in the process: what libc's copies change here, the starting libc and the program see", `libc.so.6`, `*`},

	{true, "a standard stream of the process: its buffer, format and ties are what the program has set",
		`libstdc++.so.6`, `
		_ZSt3cin _ZSt4cout _ZSt4cerr _ZSt4clog _ZSt4wcin _ZSt5wcout _ZSt5wcerr _ZSt5wclog`},
	{true, "an empty object that only picks an overload", `libstdc++.so.6`, `_ZSt7nothrow`},
	{true, "an old string knows by this address that it must not free its characters; strings cross from libset to libset",
		`*`, `_ZNSs4_Rep20_S_empty_rep_storageE _ZNSb*4_Rep20_S_empty_rep_storageE`},
	{true, "a facet's number: a locale has its facets by number, and locales and programs go from libset to libset",
		`libstdc++.so.6`, `_ZNSt*2idE _ZGVNSt*2idE`},
	{false, "a vtable leads to functions of its own libset; types are compared by name and not by address",
		`*`, `_ZTV* _ZTI* _ZTS* _ZTT*`},
}

const whyPrivate = "a variable of a library that is copied belongs to its libset"

// DataPolicy is what dataTable says of one object: the rows that name it.
type DataPolicy []dataRule

type dataRule struct {
	shared   bool
	why      string
	patterns []pattern
}

// pattern is a shell pattern; prefix is what comes before its first wildcard. Thousands of names are compared, and most
// differ there.
type pattern struct {
	text, prefix string
}

// DataOf gives the policy for the exported variables of a copied object, by its SONAME.
func DataOf(soname string) DataPolicy {
	var out DataPolicy
	for _, row := range dataTable {
		if matchesAny(row.objects, path.Base(soname)) {
			out = append(out, dataRule{row.shared, row.why, compile(row.symbols)})
		}
	}
	return out
}

// Shared says whether all libsets share one exported variable, to which no object of the program refers, and why. (What
// the program refers to is one variable for all: the program's code is not copied.)
func (p DataPolicy) Shared(symbol string) (shared bool, why string) {
	for _, rule := range p {
		for _, pattern := range rule.patterns {
			if pattern.matches(symbol) {
				return rule.shared, rule.why
			}
		}
	}
	return false, whyPrivate
}

func compile(texts string) []pattern {
	var out []pattern
	for _, text := range strings.Fields(texts) {
		plain := strings.IndexAny(text, "*?[")
		if plain < 0 {
			plain = len(text)
		}
		out = append(out, pattern{text, text[:plain]})
	}
	return out
}

func (p pattern) matches(name string) bool {
	if !strings.HasPrefix(name, p.prefix) {
		return false
	}
	matched, err := path.Match(p.text, name)
	return err == nil && matched
}

// DataShared is DataOf(soname).Shared(symbol).
func DataShared(soname, symbol string) (shared bool, why string) {
	return DataOf(soname).Shared(symbol)
}

// oneFunction are functions of copied objects that run in the starting libset, because what they keep for all libsets is not
// exported. Shell patterns.
var oneFunction = []dataRow{
	{true, "counts who has initialised the standard streams, of which there is one set", `libstdc++.so.6`,
		`_ZNSt8ios_base4Init[CD]?Ev _ZSt21ios_base_library_initv`},
	{true, "gives the facets their numbers, from a counter that is not exported", `libstdc++.so.6`, `_ZNKSt6locale2id5_M_idEv`},
}

// SharesFunctions says whether FunctionShared is true for any function of the object.
func SharesFunctions(soname string) bool {
	return slices.ContainsFunc(oneFunction, func(row dataRow) bool { return matchesAny(row.objects, path.Base(soname)) })
}

// FunctionShared says whether a function of a copied object runs in the starting libset.
func FunctionShared(soname, symbol string) bool {
	for _, row := range oneFunction {
		if matchesAny(row.symbols, symbol) && matchesAny(row.objects, path.Base(soname)) {
			return true
		}
	}
	return false
}
