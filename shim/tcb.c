/* SPDX-License-Identifier: Apache-2.0 */
/* tcb.c - thread control blocks for calls: every assumption about glibc's struct pthread and static TLS is here.
 *
 * A call's TCB is made by the loader's own _dl_allocate_tls() in memory of ours, as pthread_create() does it, but is on
 * none of libc's thread lists. Offsets come from the descriptors that libc exports for libthread_db, from system calls
 * and from the ABI; each is checked against the running thread before the first launch (shim_tcb_init). */
#include "shim.h"
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <threads.h>
#include <wchar.h>
#include <sys/syscall.h>
#include <unistd.h>

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
#define RSEQ_CPU_ID 4
#define RSEQ_CPU_ID_UNINITIALIZED -1
#define MODULES_MAX 64

/* dtv_t of sysdeps/generic/dl-dtv.h */
union dtv {
	size_t counter;
	struct {
		void *value;
		void *to_free;
	} pointer;
};

struct module {
	size_t id;
	const char *image;
	size_t image_bytes, bytes;
	int64_t offset; /* of a static block from the FS base; 0: dynamic */
	bool keep;      /* libc's, the linker's and ours: they hold per-thread caches */
};

static void *(*allocate_tls)(void *);
static void (*deallocate_tls)(void *, bool);
static void (*ctype_init)(void);
static void (*call_tls_dtors)(void);
static void (*register_cancel)(__pthread_unwind_buf_t *);
static void (*unregister_cancel)(__pthread_unwind_buf_t *);
static size_t cancelhandling_offset;
static size_t pthread_bytes, static_bytes, static_align, tid_offset, robust_offset;
static ptrdiff_t rseq_offset;
static bool have_rseq;
int64_t shim_errno_offset;

static struct module modules[MODULES_MAX];
static uint32_t module_count;
static bool has_fresh_modules; /* some module's variables must be reset between launches */

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

static int note_module(struct dl_phdr_info *info, size_t size, void *fs)
{
	(void)size;
	if (!info->dlpi_tls_modid || module_count == MODULES_MAX)
		return 0;
	struct module *m = &modules[module_count];
	*m = (struct module){.id = info->dlpi_tls_modid};
	bool ours = false, libc = false;
	uint64_t here = (uint64_t)&shim_tcb_loaded, in_libc = (uint64_t)ctype_init, in_linker = (uint64_t)allocate_tls;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_TLS) {
			m->image = (const char *)start;
			m->image_bytes = p->p_filesz;
			m->bytes = p->p_memsz;
		}
		if (p->p_type != PT_LOAD)
			continue;
		ours |= here - start < p->p_memsz;
		libc |= in_libc - start < p->p_memsz || in_linker - start < p->p_memsz;
	}
	m->keep = ours || libc;
	int64_t offset = (char *)info->dlpi_tls_data - (char *)fs;
	if (info->dlpi_tls_data && offset < 0 && offset > -(int64_t)static_bytes)
		m->offset = offset;
	if (!m->keep && m->bytes)
		has_fresh_modules = true;
	module_count++;
	return 0;
}

static void find_modules(void)
{
	module_count = 0;
	has_fresh_modules = false;
	dl_iterate_phdr(note_module, self());
}

static void fresh_block(char *block, const struct module *m)
{
	memcpy(block, m->image, m->image_bytes);
	memset(block + m->image_bytes, 0, m->bytes - m->image_bytes);
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
	deallocate_tls = shim_resolve_in("ld-linux-x86-64.so.2", "_dl_deallocate_tls");
	ctype_init = shim_resolve_in("libc.so.6", "__ctype_init");
	call_tls_dtors = shim_resolve_in("libc.so.6", "__call_tls_dtors");
	register_cancel = shim_resolve_in("libc.so.6", "__pthread_register_cancel");
	unregister_cancel = shim_resolve_in("libc.so.6", "__pthread_unregister_cancel");
	const uint32_t *cancel = shim_resolve_in("libc.so.6", "_thread_db_pthread_cancelhandling");
	if (!register_cancel || !unregister_cancel || !cancel || cancel[0] != 32 || cancel[2] >= 16384)
		return unusable("the record of cancellation is not where libc says");
	cancelhandling_offset = cancel[2];
	if (!allocate_tls || !deallocate_tls || !static_info || !ctype_init || !call_tls_dtors || !size || !tid)
		return unusable("a private symbol is missing (_dl_allocate_tls, __ctype_init, _thread_db_…): not a known glibc");
	static_info(&static_bytes, &static_align);
	pthread_bytes = *size;
	if (pthread_bytes < 512 || pthread_bytes > 16384 || static_bytes < pthread_bytes || static_align > 4096)
		return unusable("sizes of struct pthread and static TLS make no sense");
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
	find_modules();
	return 0;
}

void shim_tcb_unmake(struct shim_call *call)
{
	deallocate_tls((void *)call->fs, false);
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
	call->finish_work = 0;
	if (SHIM_LIKELY(!has_fresh_modules))
		return;
	const union dtv *dtv = *(const union dtv **)(tcb + HEAD_DTV);
	size_t slots = dtv[-1].counter;
	for (uint32_t i = 0; i < module_count; i++) {
		const struct module *m = &modules[i];
		if (m->keep || !m->bytes)
			continue;
		if (m->offset)
			fresh_block(tcb + m->offset, m);
		else if (m->id <= slots && dtv[m->id].pointer.to_free)
			fresh_block(dtv[m->id].pointer.value, m); /* allocated on first use by an earlier call */
	}
}

/* After dlopen() or dlclose(), on any thread, inside the wrapper's deferred section. A paused call gets the static
 * blocks of modules that are new to it; nobody can have used them in that call. */
void shim_tcb_loaded(void)
{
	struct module before[MODULES_MAX];
	uint32_t count = module_count;

	if (!allocate_tls)
		return; /* nothing launched yet */
	memcpy(before, modules, count * sizeof *before);
	find_modules();
	for (uint32_t m = 0; m < module_count; m++) {
		bool known = modules[m].offset == 0 || modules[m].keep;
		for (uint32_t i = 0; i < count && !known; i++)
			known = before[i].id == modules[m].id && before[i].image == modules[m].image;
		if (known)
			continue;
		for (uint32_t i = 0; i < shim_pool_calls(); i++) {
			struct shim_call *call = shim_call_at(i);
			if (call && call->fs && !call->adopted)
				fresh_block((char *)call->fs + modules[m].offset, &modules[m]);
		}
	}
}

/* ---- what has to be undone or run at completion, as at a thread's exit: bits of shim_call.finish_work */

enum { FINISH_DESTRUCTORS = 1, FINISH_KEYS = 2, FINISH_LOCALE = 4 };

struct key {
	void (*_Atomic destructor)(void *);
};
static struct key keys[PTHREAD_KEYS_MAX];

SHIM_SLOT(pthread_key_create);
SHIM_SLOT(__pthread_key_create);
SHIM_SLOT(pthread_key_delete);
SHIM_SLOT(pthread_setspecific);
SHIM_SLOT(__cxa_thread_atexit_impl);

static int key_create(int (*real)(pthread_key_t *, void (*)(void *)), pthread_key_t *key, void (*destructor)(void *))
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = real(key, destructor);
	if (!error && *key < PTHREAD_KEYS_MAX)
		atomic_store_explicit(&keys[*key].destructor, destructor, memory_order_release);
	shim_defer_end(call, deferred);
	return error;
}

SHIM_EXPORT int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return key_create(SHIM_REAL(int (*)(pthread_key_t *, void (*)(void *)), pthread_key_create), key, destructor);
}

SHIM_EXPORT int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return key_create(SHIM_REAL(int (*)(pthread_key_t *, void (*)(void *)), pthread_key_create), key, destructor);
}

SHIM_EXPORT int pthread_key_delete(pthread_key_t key)
{
	if (key < PTHREAD_KEYS_MAX)
		atomic_store_explicit(&keys[key].destructor, NULL, memory_order_release);
	return SHIM_REAL(int (*)(pthread_key_t), pthread_key_delete)(key);
}

SHIM_EXPORT int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct shim_call *call = shim_tls.call;

	if (call && value)
		call->finish_work |= FINISH_KEYS;
	return SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(key, value);
}

SHIM_SLOT(tss_create);
SHIM_SLOT(tss_delete);
SHIM_SLOT(tss_set);

SHIM_EXPORT int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return pthread_key_create(key, destructor) == 0 ? thrd_success : thrd_error;
}
SHIM_EXPORT void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}
SHIM_EXPORT int tss_set(tss_t key, void *value)
{
	return pthread_setspecific(key, value) == 0 ? thrd_success : thrd_error;
}

SHIM_SLOT(setlocale);
SHIM_SLOT(uselocale);
SHIM_SLOT(__uselocale);

SHIM_EXPORT locale_t uselocale(locale_t locale)
{
	struct shim_call *call = shim_tls.call;

	if (call && locale)
		call->finish_work |= FINISH_LOCALE;
	return SHIM_REAL(locale_t (*)(locale_t), uselocale)(locale);
}
SHIM_EXPORT locale_t __uselocale(locale_t locale)
{
	return uselocale(locale);
}

SHIM_EXPORT char *setlocale(int category, const char *locale)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	char *name = SHIM_REAL(char *(*)(int, const char *), setlocale)(category, locale);

	if (name && locale)
		(void)btowc('a'); /* loads the converter now, under this deferral */
	shim_defer_end(call, deferred);
	return name;
}

SHIM_EXPORT int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int result = SHIM_REAL(int (*)(void (*)(void *), void *, void *), __cxa_thread_atexit_impl)(destructor, object, dso);
	if (call)
		call->finish_work |= FINISH_DESTRUCTORS;
	shim_defer_end(call, deferred);
	return result;
}

void shim_tcb_finish(struct shim_call *call)
{
	if (call->finish_work & FINISH_DESTRUCTORS)
		call_tls_dtors();
	if (call->finish_work & FINISH_LOCALE)
		SHIM_REAL(locale_t (*)(locale_t), uselocale)(LC_GLOBAL_LOCALE);
	if (!(call->finish_work & FINISH_KEYS))
		return;
	for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		bool found = false;
		for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
			void *value = pthread_getspecific(k);
			void (*destructor)(void *) = atomic_load_explicit(&keys[k].destructor, memory_order_acquire);
			if (!value)
				continue;
			SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(k, NULL);
			if (destructor) {
				found = true;
				destructor(value);
			}
		}
		if (!found)
			return;
	}
}

/* A cancelled call: its key values and its locale are forgotten without any destructor; the next call on the TCB starts
 * without them. False when that is not enough: the TCB still lists destructors of thread-local objects. */
bool shim_tcb_forget(struct shim_call *call)
{
	if (!call->finish_work)
		return true;
	if (call->finish_work & FINISH_DESTRUCTORS)
		return false;
	uint64_t own = (uint64_t)self();
	struct shim_tls *tls = (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - own));
	tls->call = NULL;
	shim_set_fs(call->fs);
	if (call->finish_work & FINISH_LOCALE)
		SHIM_REAL(locale_t (*)(locale_t), uselocale)(LC_GLOBAL_LOCALE);
	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX && (call->finish_work & FINISH_KEYS); k++)
		if (pthread_getspecific(k))
			SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(k, NULL);
	shim_set_fs(own);
	tls->call = call;
	return true;
}

/* ---- pthread_exit() in a call
 *
 * libc unwinds the stack to the innermost cleanup handler, runs it, goes on to the next, and expects the last to be that of
 * the thread's start. A call has none: put one of ours at the end of the list, which lands at the bottom of the call's
 * stack. The buffers are nptl's struct pthread_unwind_buf: jump buffer, then {prev, cleanup, canceltype}. */

static uint64_t mangle(uint64_t value)
{
	uint64_t guard;

	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	value ^= guard;
	return value << 17 | value >> 47;
}

static void landed(void)
{
	struct shim_call *call = shim_tls.call;

	shim_tcb_finish(call);
	call->finish_work = 0;
	*(int *)(call->fs + cancelhandling_offset) = 0; /* the TCB is not exiting: the next call runs on it */
	call->exits_thread = true;
	call->state = SHIM_LOST;
	shim_leave(call);
}

_Noreturn void shim_tcb_exit(struct shim_call *call, void *value, void (*real_exit)(void *))
{
	static __thread __pthread_unwind_buf_t bottom __attribute__((tls_model("initial-exec")));
	__pthread_unwind_buf_t innermost;
	struct { void *prev; } *link;
	void **last = NULL;

	memset(&bottom, 0, sizeof bottom);
	uint64_t *registers = (uint64_t *)bottom.__cancel_jmp_buf[0].__cancel_jmp_buf;
	registers[6] = mangle(call->stack_top - 8); /* JB_RSP: as at a function's entry */
	registers[7] = mangle((uint64_t)landed);    /* JB_PC */
	call->exit_value = value;
	/* The innermost buffer of the list, or NULL, shows up in one that is put in front of it. */
	register_cancel(&innermost);
	unregister_cancel(&innermost);
	void *buffer = innermost.__pad[0];
	while (buffer) {
		last = &((__pthread_unwind_buf_t *)buffer)->__pad[0];
		link = (void *)last;
		buffer = link->prev;
	}
	if (last)
		*last = &bottom;
	else
		register_cancel(&bottom);
	real_exit(value);
	__builtin_unreachable();
}
