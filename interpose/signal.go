// SPDX-License-Identifier: Apache-2.0

package interpose

// signalTable: signals, jumps out of functions, and timers that signal.
var signalTable = []group{
	{Hand, NoStream, "the pause signal's handler is ours, and the program must not replace it", `
		signal bsd_signal ssignal sysv_signal __sysv_signal sigaction __sigaction sigset sigignore siginterrupt`},
	{Hand, NoStream, "keeps the pause signal out of a mask", `
		sigprocmask sigblock sigsetmask sighold sigrelse sigpending signalfd`},
	{Hand, NoStream, "waits for a signal, which must not be ours", `
		sigwait sigwaitinfo sigtimedwait pause sigsuspend __sigsuspend sigpause __sigpause __xpg_sigpause`},
	{Hand, NoStream, "an alternate stack is the kernel thread's; a function has its own only while it runs", `sigaltstack`},
	{Hand, NoStream, "leaves deferred calls and stacks without returning through them", `
		longjmp _longjmp siglongjmp __longjmp_chk`},
	{Copied, NoStream, "records or installs the caller's registers: a wrapper's frame would be recorded in their place", `
		setjmp _setjmp __sigsetjmp getcontext setcontext swapcontext makecontext sigreturn`},
	{Copied, NoStream, "system call that sends a signal", `kill killpg tgkill sigqueue`},
	{Shared, NoStream, "asks which thread it is on and then signals it: a call that moves in between would signal another", `raise gsignal`},
	{Copied, NoStream, "works on the caller's signal set, or reads numbers", `
		sigemptyset sigfillset sigaddset sigdelset sigismember sigisemptyset sigandset sigorset siggetmask
		__libc_current_sigrtmin __libc_current_sigrtmax __libc_allocate_rtsig sigabbrev_np sigdescr_np`},
	{Hand, NoStream, "makes a descriptor, which is noted as the function's own", `timerfd_create`},
	{Copied, NoStream, "old way to name an alternate stack, without its size; nothing uses it", `sigstack`},
	{Copied, NoStream, "a timer of the program, kept by the kernel; the pause clocks use others", `
		alarm ualarm getitimer setitimer timer_gettime timer_settime timer_getoverrun
		timerfd_gettime timerfd_settime`},
	{OwnTCB, NoStream, "may start libc's helper thread (SIGEV_THREAD)", `mq_notify`},
	{Hand, NoStream, "may start libc's helper thread (SIGEV_THREAD); whose a timer is is noted", `timer_create`},
	{Hand, NoStream, "the list of timers that start threads has a lock", `timer_delete`},
	{Shared, NoStream, "profiling by the kernel's interval timer; the counters are the process's", `
		profil sprofil monstartup __monstartup moncontrol _mcleanup`},
	{Copied, NoStream, "a counter called with its own convention", `
		mcount _mcount __fentry__ __profile_frequency
		__cyg_profile_func_enter __cyg_profile_func_exit _dl_mcount_wrapper _dl_mcount_wrapper_check`},
}
