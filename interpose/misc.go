// SPDX-License-Identifier: Apache-2.0

package interpose

// miscTable: sorting, searching and what is left.
var miscTable = []group{
	{Copied, NoStream, "calls the program back for long; its block comes from malloc, which has a wrapper", `
		qsort qsort_r bsearch lfind lsearch twalk twalk_r tdestroy`},
	{Copied, NoStream, "works on the caller's tree, list or table", `
		tsearch tfind tdelete insque remque hcreate_r hdestroy_r hsearch_r`},
	{PerLibset, NoStream, "one hash table in static data; short", `hcreate hdestroy hsearch`},
}
