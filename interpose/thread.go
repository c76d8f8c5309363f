// SPDX-License-Identifier: Apache-2.0

package interpose

// threadTable: POSIX and C11 threads and their synchronisation.
var threadTable = []group{
	{Hand, NoStream, "libc's thread lists and stack cache; the new thread inherits from the caller's TCB, and its signal mask as " +
		"the program knows it; whose thread it is is noted", `pthread_create thrd_create`},
	{OwnTCB, NoStream, "frees a thread's stack through libc's lists", `thrd_detach`},
	{Hand, NoStream, "the C11 names of their pthread counterparts", `thrd_exit thrd_join tss_create tss_delete tss_set`},
	{Hand, NoStream, "the calling thread as libc knows it is the kernel thread's own TCB", `
		pthread_exit pthread_join pthread_timedjoin_np pthread_tryjoin_np pthread_clockjoin_np pthread_detach
		pthread_cancel pthread_kill pthread_sigqueue pthread_getattr_np pthread_setname_np pthread_getname_np
		pthread_setaffinity_np pthread_getaffinity_np pthread_setschedparam pthread_getschedparam
		pthread_setschedprio pthread_getcpuclockid pthread_gettid_np`},
	{Hand, NoStream, "a key's values live in each TCB, and its destructors run when a kernel thread ends", `
		pthread_key_create __pthread_key_create pthread_key_delete pthread_setspecific`},
	{Hand, NoStream, "keeps the pause signal out of a mask", `pthread_sigmask`},
	{Hand, NoStream, "a thread is not cancelled in the middle of launch()", `pthread_setcanceltype`},
	{Hand, NoStream, "runs the program's initialiser, which may be paused: it holds the control word like a lock, and others wait " +
		"for it within their budgets or help; a libset's runs deferred, and what it makes is the libset's", `pthread_once call_once`},
	{Shared, NoStream, "takes the mutex for a moment, and notes its priority in the running TCB", `pthread_mutex_setprioceiling`},
	{Shared, NoStream, "the default attributes have a lock", `
		pthread_getattr_default_np pthread_setattr_default_np pthread_attr_getstacksize`},
	{Hand, NoStream, "holds the condition's internal lock for a moment; wakes paused waiters, which libc does not know of", `
		pthread_cond_signal pthread_cond_broadcast cnd_signal cnd_broadcast`},
	{Hand, NoStream, "a function that is paused while it waits has left the condition, so that it may be cancelled", `
		pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait cnd_wait cnd_timedwait`},
	{Hand, NoStream, "who holds the lock is noted, and a paused function is never in the middle of taking it", `
		pthread_mutex_lock pthread_mutex_timedlock pthread_mutex_clocklock pthread_mutex_trylock pthread_mutex_unlock
		pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_timedrdlock pthread_rwlock_timedwrlock
		pthread_rwlock_clockrdlock pthread_rwlock_clockwrlock pthread_rwlock_tryrdlock pthread_rwlock_trywrlock
		pthread_rwlock_unlock
		pthread_spin_lock pthread_spin_trylock pthread_spin_unlock
		mtx_lock mtx_timedlock mtx_trylock mtx_unlock`},
	{Copied, NoStream, "waits without showing EINTR; a pause inside is one just before or after", `pthread_barrier_wait`},
	{Copied, NoStream, "makes, reads or frees the caller's object", `
		pthread_mutex_init pthread_mutex_destroy pthread_mutex_consistent pthread_mutex_getprioceiling
		pthread_attr_setsigmask_np pthread_mutexattr_init pthread_mutexattr_destroy pthread_mutexattr_getprioceiling
		pthread_mutexattr_getprotocol pthread_mutexattr_getpshared pthread_mutexattr_getrobust
		pthread_mutexattr_gettype pthread_mutexattr_setprioceiling pthread_mutexattr_setprotocol
		pthread_mutexattr_setpshared pthread_mutexattr_setrobust pthread_mutexattr_settype
		pthread_cond_init pthread_cond_destroy pthread_condattr_init pthread_condattr_destroy
		pthread_condattr_getclock pthread_condattr_setclock pthread_condattr_getpshared pthread_condattr_setpshared
		pthread_rwlock_init pthread_rwlock_destroy pthread_rwlockattr_init pthread_rwlockattr_destroy
		pthread_rwlockattr_getkind_np pthread_rwlockattr_setkind_np pthread_rwlockattr_getpshared
		pthread_rwlockattr_setpshared
		pthread_barrier_init pthread_barrier_destroy pthread_barrierattr_init pthread_barrierattr_destroy
		pthread_barrierattr_getpshared pthread_barrierattr_setpshared pthread_spin_init pthread_spin_destroy
		mtx_init mtx_destroy cnd_init cnd_destroy`},
	{Copied, NoStream, "fills or reads the caller's attribute object", `
		pthread_attr_init pthread_attr_destroy pthread_attr_getaffinity_np pthread_attr_setaffinity_np
		pthread_attr_getdetachstate pthread_attr_setdetachstate pthread_attr_getguardsize pthread_attr_setguardsize
		pthread_attr_getinheritsched pthread_attr_setinheritsched pthread_attr_getschedparam
		pthread_attr_setschedparam pthread_attr_getschedpolicy pthread_attr_setschedpolicy pthread_attr_getscope
		pthread_attr_setscope pthread_attr_getsigmask_np pthread_attr_getstack pthread_attr_setstack
		pthread_attr_getstackaddr pthread_attr_setstackaddr pthread_attr_setstacksize`},
	{Copied, NoStream, "reads or changes the running TCB, which is the function's own", `
		pthread_self thrd_current pthread_equal thrd_equal pthread_getspecific
		pthread_setcancelstate pthread_testcancel
		_pthread_cleanup_push _pthread_cleanup_pop __pthread_cleanup_routine __pthread_register_cancel
		__pthread_register_cancel_defer __pthread_unregister_cancel __pthread_unregister_cancel_restore
		__pthread_unwind_next __errno_location __h_errno_location`},
	{Copied, NoStream, "reads a thread-specific value of the running TCB", `tss_get`},
	{Copied, NoStream, "gives the processor away", `thrd_yield`},
	{Hand, NoStream, "sleeps for a relative time, which has to go on with what is left", `thrd_sleep`},
	{Copied, NoStream, "one number of the process", `pthread_getconcurrency pthread_setconcurrency`},
	{Shared, NoStream, "the table of named semaphores has a lock", `sem_open sem_close`},
	{Copied, NoStream, "one atomic step and a wake-up, or the caller's object", `
		sem_post sem_trywait sem_getvalue sem_init sem_destroy sem_unlink`},
	{Restarted, NoStream, "shows an interruption as EINTR; timeouts are absolute", `sem_wait sem_timedwait sem_clockwait`},
}
