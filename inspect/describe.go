// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"os"
	"strings"
)

// describe fills in what the objects tell.
func (w *world) describe(r *Report) error {
	for _, o := range w.objects {
		o.treatment, o.why = o.classify()
		if o.isLibinger() && r.Libinger == "" {
			r.Libinger = o.Path
		}
	}
	for _, o := range w.objects {
		out, err := w.object(o)
		if err != nil {
			return refuse(o.Path, "damaged ELF file: %s", strings.TrimPrefix(err.Error(), o.Path+": "))
		}
		r.Objects = append(r.Objects, out)
		r.Libsets.Now = max(r.Libsets.Now, out.Copies)
	}
	r.Libsets = w.libsets(r.Libsets.Now)
	r.StaticTLS = w.staticTLS(os.Getenv("GLIBC_TUNABLES"))
	return nil
}

func (w *world) object(o *loaded) (Object, error) {
	out := Object{
		Number: o.number, Namespace: o.namespace, Name: o.Name, Path: o.Path, Needed: append([]string{}, o.Needed...),
		Found: o.from, NeededBy: o.neededBy, Base: Address(o.base), Treatment: o.treatment, Why: o.why,
		TLSBytes: o.TLS.Size, TLSAlign: o.TLSAlign, InitialExec: o.Flags&delf.DF_STATIC_TLS != 0,
		Mappings: o.mappings(), PrivateBytes: o.privateBytes(), Copies: w.copies(o),
	}
	var err error
	if out.Entries, out.Relocations, err = w.entries(o); err != nil {
		return out, err
	}
	if out.IFUNCs, err = o.ifuncs(); err != nil {
		return out, err
	}
	out.Unreached, err = o.findings()
	return out, err
}
