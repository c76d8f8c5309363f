/* SPDX-License-Identifier: Apache-2.0 */
/* tcb.c - thread control blocks for calls: every assumption about glibc's struct pthread and static TLS is here.
 *
 * A call's TCB is made by the loader's own _dl_allocate_tls() in memory of ours, as pthread_create() does it, but is on
 * none of libc's thread lists. Offsets come from the descriptors that libc exports for libthread_db, from system calls
 * and from the ABI; each is checked against the running thread before the first launch (shim_tcb_init). */
#include "shim.h"
#include "modules.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

/* tcbhead_t, fixed by the ABI of compiled code (stack protector, setjmp's pointer guard): sysdeps/x86_64/nptl/tls.h */
#define HEAD_TCB 0x00
#define HEAD_DTV 0x08
#define HEAD_SELF 0x10
#define HEAD_MULTIPLE_THREADS 0x18
#define HEAD_STACK_GUARD 0x28
#define HEAD_POINTER_GUARD 0x30
/* Above the kernel's largest thread id (2^22), within FUTEX_TID_MASK: mutexes record the owner by this number, so it
 * has to be the call's own, and the same on whichever kernel thread it runs. */
#define TID_BASE 0x20000000
/* struct pthread.cancelhandling: nptl/descr.h. */
#define CANCELING 4  /* a signal that cancels was sent, in releases that note that; a bit without use in the others */
#define CANCELED 8
#define EXITING 16
/* Of calls: libc takes the thread for one that is about to end, as it does while cleanup handlers run. It then neither acts on its
 * signal nor at points of cancellation, where it would look for the end of a thread's stack. Cancelled is the thread below, by its
 * own TCB, and that acts when this is in force again. */
#define TCB_NO_CANCEL EXITING
#define RSEQ_CPU_ID 4
#define RSEQ_CPU_ID_UNINITIALIZED -1

/* dtv_t of sysdeps/generic/dl-dtv.h */
union dtv {
	size_t counter;
	struct {
		void *value;
		void *to_free;
	} pointer;
};

static void *(*allocate_tls)(void *);
static void (*ctype_init)(void);
struct shim_libc_exit shim_libc_exit;
static size_t pthread_bytes, static_bytes, static_align, tid_offset, robust_offset;
static ptrdiff_t rseq_offset;
static bool have_rseq;
int64_t shim_errno_offset, shim_cancel_offset;

static char *self(void)
{
	char *fs;
	__asm__("movq %%fs:0x10, %0" : "=r"(fs));
	return fs;
}

static int unusable(const char *what)
{
	shim_message("preemptible functions are not available", "libc", what);
	errno = ENOSYS;
	return -1;
}

/* Numbers of modules are used again, and a TCB keeps the block of a library that was closed until it asks for one of the
 * library that has its number now: libc then sees that the TCB is older (dtv[0]) and gives the old block back. Until then it
 * is a block all the same, but maybe one that is too small for the new library's variables, which nobody has seen in it. */
static bool holds_block(const union dtv *slot, const struct shim_module *m)
{
	const char *block = slot->pointer.value, *room = slot->pointer.to_free;

	return room && (size_t)(block - room) + m->bytes <= shim_usable((void *)room);
}

int shim_tcb_init(void)
{
	void (*static_info)(size_t *, size_t *) = shim_resolve_in("ld-linux-x86-64.so.2", "_dl_get_tls_static_info");
	const uint32_t *size = shim_resolve_in("libc.so.6", "_thread_db_sizeof_pthread");
	const uint32_t *tid = shim_resolve_in("libc.so.6", "_thread_db_pthread_tid");
	const ptrdiff_t *rseq = shim_resolve_in("ld-linux-x86-64.so.2", "__rseq_offset");
	char *me = self();
	char *robust;
	size_t robust_bytes;

	allocate_tls = shim_resolve_in("ld-linux-x86-64.so.2", "_dl_allocate_tls");
	ctype_init = shim_resolve_in("libc.so.6", "__ctype_init");
	shim_libc_exit.call_tls_dtors = shim_resolve_in("libc.so.6", "__call_tls_dtors");
	shim_libc_exit.register_cancel = shim_resolve_in("libc.so.6", "__pthread_register_cancel");
	shim_libc_exit.unregister_cancel = shim_resolve_in("libc.so.6", "__pthread_unregister_cancel");
	const uint32_t *cancel = shim_resolve_in("libc.so.6", "_thread_db_pthread_cancelhandling");
	if (!shim_libc_exit.register_cancel || !shim_libc_exit.unregister_cancel || !cancel || cancel[0] != 32 || cancel[2] >= 16384)
		return unusable("the record of cancellation is not where libc says");
	shim_cancel_offset = cancel[2];
	if (!allocate_tls || !static_info || !ctype_init || !shim_libc_exit.call_tls_dtors || !size || !tid)
		return unusable("a private symbol is missing (_dl_allocate_tls, __ctype_init, _thread_db_…): not a known glibc");
	static_info(&static_bytes, &static_align);
	pthread_bytes = *size;
	if (pthread_bytes < 512 || pthread_bytes > 16384 || static_bytes < pthread_bytes || static_align > 4096)
		return unusable("sizes of struct pthread and static TLS make no sense");
	/* Where the newest handler's buffer is noted. */
	__pthread_unwind_buf_t buffer;
	shim_libc_exit.register_cancel(&buffer);
	for (size_t at = 0; at < pthread_bytes && !shim_libc_exit.cleanup_offset; at += sizeof(void *))
		if (*(void **)(me + at) == (void *)&buffer)
			shim_libc_exit.cleanup_offset = at;
	shim_libc_exit.unregister_cancel(&buffer);
	if (!shim_libc_exit.cleanup_offset)
		return unusable("struct pthread has no list of cleanup handlers");
	/* A libthread_db descriptor is {bits of an element, elements, offset}: nptl_db/structs.def. */
	tid_offset = tid[2];
	if (tid[0] != 32 || tid_offset + 4 > pthread_bytes || *(int *)(me + tid_offset) != (int)shim_syscall0(SYS_gettid))
		return unusable("struct pthread has no thread id where libc says");
	if (*(char **)(me + HEAD_TCB) != me || *(char **)(me + HEAD_SELF) != me)
		return unusable("the thread control block does not begin with its own address");
	if (shim_syscall3(SYS_get_robust_list, 0, &robust, &robust_bytes) != 0 || robust - me < 0 ||
	    (size_t)(robust - me) + 24 > pthread_bytes)
		return unusable("the robust list is not in struct pthread");
	robust_offset = (size_t)(robust - me);
	if (rseq && *rseq > 0 && (size_t)*rseq + 32 <= pthread_bytes) {
		rseq_offset = *rseq;
		have_rseq = true;
	}
	shim_errno_offset = (char *)&errno - me;
	if (!shim_several_threads())
		return unusable("it does not prepare for threads when one is asked for");
	shim_setxid_install();
	return shim_modules_init(static_bytes) ? 0 : unusable("the linker's record of thread-local variables is not where libc says");
}

void shim_tcb_never_cancelled(const struct shim_call *call)
{
	*(int *)(call->fs + shim_cancel_offset) = TCB_NO_CANCEL;
}

bool shim_cancel_is_coming(void)
{
	int word = atomic_load((_Atomic int *)(self() + shim_cancel_offset));

	return (word & (CANCELING | CANCELED)) == CANCELING;
}

static void *no_thread(void *unused)
{
	return unused;
}

/* A paused call and its resumer use the same objects like two threads: who asks whether there are several, as libstdc++'s
 * reference counts do, must be told so.
 *
 * libc does what a process with threads needs when it makes its first thread, and takes this flag for the sign that it has
 * done so (late_init() in nptl/pthread_create.c): above all the handler of SIGSETXID, by which set*id functions reach every
 * thread. So the flag is libc's to clear. It does both for a thread whose stack can't be had, too, before it finds that out;
 * that asks for nothing that a sandbox or a limit might refuse. */
bool shim_several_threads(void)
{
	const volatile char *single = shim_resolve_in("libc.so.6", "__libc_single_threaded");
	pthread_attr_t attr;
	pthread_t none;

	if (!single || !*single)
		return true;
	pthread_attr_init(&attr);
	int error = pthread_attr_setstacksize(&attr, (size_t)1 << 62);
	if (!error)
		error = pthread_create(&none, &attr, no_thread, NULL);
	pthread_attr_destroy(&attr);
	return error && !*single;
}

size_t shim_tcb_room(void)
{
	return (static_bytes + pthread_bytes + 2 * static_align + 63u) & ~(size_t)63u;
}

int shim_tcb_make(struct shim_call *call, char *end)
{
	char *me = self();
	char *tcb = (char *)(((uint64_t)end - pthread_bytes) & ~(uint64_t)(static_align - 1));

	/* The loader's calloc() for the vector of module blocks must run on the own TCB's heap arena. */
	if (!allocate_tls(tcb)) {
		errno = ENOMEM;
		return -1;
	}
	*(char **)(tcb + HEAD_TCB) = tcb;
	*(char **)(tcb + HEAD_SELF) = tcb;
	*(int *)(tcb + HEAD_MULTIPLE_THREADS) = 1; /* or libc would leave atomics out */
	*(uint64_t *)(tcb + HEAD_STACK_GUARD) = *(uint64_t *)(me + HEAD_STACK_GUARD);
	*(uint64_t *)(tcb + HEAD_POINTER_GUARD) = *(uint64_t *)(me + HEAD_POINTER_GUARD);
	*(int *)(tcb + tid_offset) = TID_BASE + (int)call->index;
	*(char **)(tcb + robust_offset) = tcb + robust_offset;
	if (have_rseq) /* registered with the kernel for the own TCB only: sched_getcpu() must ask the vDSO */
		*(int *)(tcb + rseq_offset + RSEQ_CPU_ID) = RSEQ_CPU_ID_UNINITIALIZED;
	call->fs = (uint64_t)tcb;
	shim_tcb_never_cancelled(call);

	struct shim_tls *tls = (struct shim_tls *)(tcb + ((char *)&shim_tls - me));
	tls->call = call;
	tls->thread = shim_tls.thread;

	uint64_t own = (uint64_t)me;
	tls->call = NULL; /* a handler of the program that comes in between is not in a call */
	shim_set_fs(call->fs);
	ctype_init();
	shim_set_fs(own);
	tls->call = call;
	return 0;
}

void shim_tcb_reset(struct shim_call *call)
{
	char *tcb = (char *)call->fs;

	*(int *)(tcb + shim_errno_offset) = 0;
	((struct shim_tls *)(tcb + ((char *)&shim_tls - self())))->mask_hides_signal = shim_tls.mask_hides_signal; /* its launcher's mask */
	call->finish_work = 0;
	const struct shim_modules *table = atomic_load_explicit(&shim_modules, memory_order_acquire);
	if (SHIM_LIKELY(!table->count))
		return;
	const union dtv *dtv = *(const union dtv **)(tcb + HEAD_DTV);
	size_t slots = dtv[-1].counter;
	for (uint32_t i = 0; i < table->count; i++) {
		const struct shim_module *m = &table->list[i];
		if (m->keep)
			continue;
		if (m->offset)
			shim_module_begin(m, tcb + m->offset, call->set);
		else if (m->id <= slots && holds_block(&dtv[m->id], m))
			shim_module_begin(m, dtv[m->id].pointer.value, call->set); /* allocated on first use by an earlier call */
	}
}
