/* SPDX-License-Identifier: Apache-2.0 */
/* absent.c - functions of shim/ that tests of plans and limits never get to. */
#include <stdio.h>
#include <stdlib.h>

#define ABSENT(name) \
	void name(void) { fprintf(stderr, "%s() is not there in tests of plans\n", #name); abort(); }

ABSENT(gotcha_end_locale)
ABSENT(own_init)
ABSENT(own_release)
ABSENT(own_threads_end)
ABSENT(own_withdraw)
ABSENT(shim_call_at)
ABSENT(shim_close_section)
ABSENT(shim_enter_slowly)
ABSENT(shim_go_start)
ABSENT(shim_iterate)
ABSENT(shim_leave_locale)
ABSENT(shim_let_cancel)
ABSENT(shim_libc_tls_restore)
ABSENT(shim_libc_tls_save)
ABSENT(shim_loader_enter)
ABSENT(shim_loader_iterate)
ABSENT(shim_loader_leave)
ABSENT(shim_look_begin)
ABSENT(shim_look_end)
ABSENT(shim_lookup_in)
ABSENT(shim_pause_here)
ABSENT(shim_pool_calls)
ABSENT(shim_pool_drop_sets)
ABSENT(shim_real_malloc)
ABSENT(shim_thread_get)
ABSENT(shim_thread_start)
ABSENT(shim_trace_add)
ABSENT(shim_trace_number)
ABSENT(shim_unbind)
