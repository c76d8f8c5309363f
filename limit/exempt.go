// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"strings"
	"sync"
)

// exemptions are functions that can't have a limit, as the function that it puts between them and their caller would
// change what they do. Exact names, separated by white space.
var exemptions = []struct{ why, symbols string }{
	{"it returns twice, the second time to a frame that is gone",
		"setjmp _setjmp sigsetjmp __sigsetjmp __sigsetjmp_cancel savectx vfork __vfork getcontext"},
	{"it goes on with another stack", "swapcontext setcontext"},
	{"it does not return", `longjmp _longjmp siglongjmp __longjmp_chk exit _exit _Exit quick_exit abort pthread_exit thrd_exit
		err errx verr verrx __assert_fail __assert_perror_fail __assert __chk_fail __fortify_fail __stack_chk_fail
		__libc_start_main __libc_fatal execv execve execvp execvpe execl execle execlp fexecve execveat
		__cxa_throw __cxa_rethrow __cxa_bad_cast __cxa_bad_typeid __cxa_pure_virtual __cxa_throw_bad_array_new_length
		_ZSt9terminatev _ZSt10unexpectedv _ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE`},
	{"it walks the stack", `_Unwind_Resume _Unwind_RaiseException _Unwind_Resume_or_Rethrow _Unwind_ForcedUnwind
		__pthread_unwind __pthread_unwind_next __pthread_register_cancel __pthread_unregister_cancel`},
	{"it looks at who calls it", "dlopen dlmopen dlsym dlvsym mcount _mcount __fentry__"},
	{"it belongs to the dynamic linker", "__tls_get_addr __cxa_finalize __gmon_start__ _dl_find_object"},
	{"it belongs to libinger", `launch resume cancel inger_launch inger_launch_attr inger_resume inger_cancel inger_pause inger_call
		gotcha_enter gotcha_leave`},
}

var exempt = sync.OnceValue(func() map[string]string {
	reasons := map[string]string{}
	for _, group := range exemptions {
		for _, symbol := range strings.Fields(group.symbols) {
			reasons[symbol] = group.why
		}
	}
	return reasons
})

// Exempt says why a function can't have a limit; empty when it can.
func Exempt(symbol string) string { return exempt()[symbol] }
