// SPDX-License-Identifier: Apache-2.0

package interpose

// processTable: making, replacing and ending processes, credentials, exit handlers.
var processTable = []group{
	{OwnTCB, NoStream, "the child goes on with the calling thread's TCB and libc rebuilds its thread lists from it", `
		fork __fork _Fork forkpty daemon`},
	{OwnTCB, NoStream, "the child's function starts with the caller's TCB, which must be the kernel thread's own", `
		clone __clone`},
	{OwnTCB, NoStream, "starts a child on the caller's TCB with all signals blocked", `posix_spawn posix_spawnp`},
	{Hand, NoStream, "starts a child as posix_spawn does; the stream or the words are noted as the function's own", `popen wordexp`},
	{Hand, NoStream, "starts a child as posix_spawn does; its descriptor is noted as the function's own", `pidfd_spawn pidfd_spawnp`},
	{OwnTCB, NoStream, "starts a child and waits for it, deferred: the wait may exceed the budget", `system`},
	{OwnTCB, NoStream, "signals every thread of libc's list to change its credentials too", `
		setuid setgid seteuid setegid setreuid setregid setresuid setresgid setgroups initgroups`},
	{Copied, NoStream, "uses no TCB and returns through a register; the parent is suspended until the child execs; a wrapper's " +
		"frame would be overwritten by the child", `vfork __vfork`},
	{Exec, NoStream, "replaces the program; an armed clock would survive into it", `
		execve execv execvp execvpe execl execle execlp fexecve execveat`},
	{Hand, NoStream, "ends the process at once, or starts it", `_exit _Exit __libc_start_main`},
	{Shared, NoStream, "runs or changes the exit handlers, which have a lock", `
		exit quick_exit __cxa_finalize`},
	{Hand, NoStream, "as the other exit handlers; one that a libset's copy registers goes with its libset", `
		__cxa_atexit on_exit __cxa_at_quick_exit`},
	{Shared, NoStream, "takes the abort lock before it raises the signal", `abort`},
	{Hand, NoStream, "thread-local destructors belong to the thread, not to the borrowed TCB", `__cxa_thread_atexit_impl`},
	{Hand, NoStream, "the fork handlers' list has a lock; those of a libset's copy go with the libset", `__register_atfork`},
	{Shared, NoStream, "changes the environment that getenv reads, under a lock", `setenv unsetenv clearenv`},
	{Hand, NoStream, "the same, and keeps the string: it is nobody's from then on", `putenv`},
	{Copied, NoStream, "reads the environment without a lock", `getenv secure_getenv`},
	{Copied, NoStream, "fills the caller's attribute or action object", `
		posix_spawn_file_actions_addchdir_np posix_spawn_file_actions_addclose
		posix_spawn_file_actions_addclosefrom_np posix_spawn_file_actions_adddup2
		posix_spawn_file_actions_addfchdir_np posix_spawn_file_actions_addopen
		posix_spawn_file_actions_addtcsetpgrp_np posix_spawn_file_actions_destroy posix_spawn_file_actions_init
		posix_spawnattr_destroy posix_spawnattr_getflags posix_spawnattr_getpgroup posix_spawnattr_getschedparam
		posix_spawnattr_getschedpolicy posix_spawnattr_getsigdefault posix_spawnattr_getsigmask posix_spawnattr_init
		posix_spawnattr_setflags posix_spawnattr_setpgroup posix_spawnattr_setschedparam
		posix_spawnattr_setschedpolicy posix_spawnattr_setsigdefault posix_spawnattr_setsigmask posix_spawnattr_getcgroup_np
		posix_spawnattr_setcgroup_np wordfree`},
	{Copied, NoStream, "system call about processes, credentials and limits; setfsuid and setfsgid concern the kernel thread only", `
		getpid __getpid getppid gettid getpgid __getpgid getpgrp __bsd_getpgrp setpgid __setpgid setpgrp getsid setsid
		getuid geteuid getgid getegid getresuid getresgid getgroups __getgroups_chk group_member setfsuid setfsgid
		setlogin capget capset prctl arch_prctl __arch_prctl personality ptrace
		getpriority setpriority nice getrlimit getrlimit64 setrlimit setrlimit64 prlimit prlimit64 ulimit vlimit getrusage
		times clock umask unshare setns acct pidfd_send_signal`},
	{Hand, NoStream, "makes a descriptor, which is noted as the function's own", `pidfd_open pidfd_getfd`},
	{Shared, NoStream, "reads a file for a moment, which must not stay open; short", `pidfd_getpid`},
	{Copied, NoStream, "system call about scheduling, or arithmetic on a CPU set", `
		sched_getaffinity sched_setaffinity sched_getcpu getcpu sched_yield __sched_yield
		sched_getparam __sched_getparam sched_setparam sched_getscheduler __sched_getscheduler sched_setscheduler
		__sched_setscheduler sched_get_priority_max __sched_get_priority_max sched_get_priority_min
		__sched_get_priority_min sched_getattr sched_setattr sched_rr_get_interval __sched_cpualloc __sched_cpucount __sched_cpufree`},
}
