/* SPDX-License-Identifier: Apache-2.0 */
/* tcb.c - thread control blocks for calls: every assumption about glibc's struct pthread and static TLS is here.
 *
 * A call's TCB is made by the loader's own _dl_allocate_tls() in memory of ours, as pthread_create() does it, but is on
 * none of libc's thread lists. Offsets come from the descriptors that libc exports for libthread_db, from system calls
 * and from the ABI; each is checked against the running thread before the first launch (shim_tcb_init). */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <link.h>
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
struct shim_libc_exit shim_libc_exit;
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

/* Initial values of a libset's own copy may point into that copy. */
static void fresh_block(char *block, const struct module *m, const struct gotcha_set *set)
{
	if (m->image_bytes)
		memcpy(block, (const char *)gotcha_copy_of(set, (uint64_t)m->image), m->image_bytes);
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
	shim_libc_exit.call_tls_dtors = shim_resolve_in("libc.so.6", "__call_tls_dtors");
	shim_libc_exit.register_cancel = shim_resolve_in("libc.so.6", "__pthread_register_cancel");
	shim_libc_exit.unregister_cancel = shim_resolve_in("libc.so.6", "__pthread_unregister_cancel");
	const uint32_t *cancel = shim_resolve_in("libc.so.6", "_thread_db_pthread_cancelhandling");
	if (!shim_libc_exit.register_cancel || !shim_libc_exit.unregister_cancel || !cancel || cancel[0] != 32 || cancel[2] >= 16384)
		return unusable("the record of cancellation is not where libc says");
	shim_libc_exit.cancelhandling_offset = cancel[2];
	if (!allocate_tls || !deallocate_tls || !static_info || !ctype_init || !shim_libc_exit.call_tls_dtors || !size || !tid)
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
	shim_several_threads();
	find_modules();
	return 0;
}

/* A paused call and its resumer use the same objects like two threads: who asks whether there are several, as libstdc++'s
 * reference counts do, must be told so. */
void shim_several_threads(void)
{
	char *single = shim_find_symbol("__libc_single_threaded");

	if (single)
		*single = 0;
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
			fresh_block(tcb + m->offset, m, call->set);
		else if (m->id <= slots && dtv[m->id].pointer.to_free)
			fresh_block(dtv[m->id].pointer.value, m, call->set); /* allocated on first use by an earlier call */
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
				fresh_block((char *)call->fs + modules[m].offset, &modules[m], call->set);
		}
	}
}
