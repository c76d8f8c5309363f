/* SPDX-License-Identifier: Apache-2.0 */
/* tcl (tcl-dev: tcl8.6): runs a script with lists, dictionaries and errors that are caught */
#include "library.h"
#include <tcl.h>

static uint64_t work(int number)
{
	Tcl_FindExecutable(NULL);
	Tcl_Interp *interp = Tcl_CreateInterp();
	char script[300];
	snprintf(script, sizeof script,
		 "set l {}; for {set i 0} {$i < 200} {incr i} {lappend l [expr {($i * 7 + %d) %% 101}]}; set d [dict create]; "
		 "foreach x [lsort -integer $l] {dict incr d $x}; catch {error oops} e; return \"[dict get $d 5] $e [join $l -]\"", number);
	uint64_t result = digest_number(0, Tcl_Eval(interp, script));
	result = digest_text(result, Tcl_GetStringResult(interp));
	Tcl_DeleteInterp(interp);
	return result;
}

LIBRARY(tcl, work)
