/* SPDX-License-Identifier: Apache-2.0 */
/* libset.h - libsets: private copies of the program's libraries, without the dynamic linker's help.
 *
 * The *starting libset* is what the dynamic linker loaded. A *libset* is one more instance of the same objects: their
 * files mapped again (text and read-only data are the page cache's), their relocated words written, their constructors
 * run. A *plan* is the recipe, made once by Go (plan.go) from the loaded objects: all copies lie in one region with a
 * constant layout, so that every word of a copy is either "region + constant" or a constant.
 *
 * A plan grows by *batches*: the first has the objects that were there when it was made, each later one those that
 * dlopen() brought. A libset has one region per batch. Batches are never changed once they are counted. */
#ifndef GOTCHA_LIBSET_H
#define GOTCHA_LIBSET_H

#include "../shim/shim.h"
#include <time.h>
#include <wchar.h>

#define GOTCHA_PAGE 4096u
#define GOTCHA_STATES 16 /* of conversions of characters */
#define GOTCHA_BATCHES 160
#define GOTCHA_TABLE_WORDS 8192u /* entries of a shadow GOT; address space, not memory */

struct link_map;
struct dl_phdr_info;

/* A word of a copy: at `at` in the region stands `value`, or the region's address plus `value`. */
struct gotcha_fix {
	uint64_t at, value;
};

/* A word that leads into another batch's region. */
struct gotcha_far_fix {
	uint64_t at, value;
	uint64_t batch;
};

struct gotcha_segment {
	uint64_t at, bytes; /* whole pages */
	uint64_t offset;    /* in the file; ignored for anonymous memory */
	uint32_t protection;
	uint32_t anonymous;
	uint64_t zero_at, zero_bytes; /* .bss on the last file page */
};

struct gotcha_member {
	const char *path;
	const struct link_map *map;
	uint64_t device, inode; /* the file that is loaded must be the one that is copied */
	const char *kept;       /* its bytes, mapped: where it can't be opened any more they are copied */
	uint64_t low, high;     /* the original's pages */
	uint64_t bias;          /* the original's load address */
	uint64_t at;            /* where `low` is in the region */
	const struct gotcha_segment *segments;
	uint64_t segment_count;
	uint64_t text_low, text_high;   /* executable pages, original's addresses */
	uint64_t relro_at, relro_bytes; /* whole pages */
	uint64_t init_at, init_array_at, init_array_count; /* 0: none */
	uint64_t fini_at, fini_array_at, fini_array_count;
	uint64_t pin;      /* came with dlopen(): has to stay loaded */
	uint64_t early_init_at;            /* libc's __libc_early_init() */
	const uint64_t *shared_data;       /* sorted addresses of exported data that all libsets share */
	uint64_t shared_count;
	uint64_t is_libc; /* its functions stay the starting libset's, but for those that interpose/ calls per-libset */
};

struct gotcha_batch {
	uint64_t bytes, align; /* of the region */
	struct gotcha_member *members; /* in the order in which constructors run */
	uint64_t member_count;
	const struct gotcha_fix *own, *fixed, *resolvers; /* resolvers: the word is what the function at region + value returns */
	uint64_t own_count, fixed_count, resolver_count;
	const struct gotcha_far_fix *far;
	uint64_t far_count;
};

/* Entry i of a shadow GOT is word i of batch's region + at; for the starting libset it is `original`. */
struct gotcha_entry {
	uint64_t original, batch, at;
};

/* A GOT word of the program that was pointed at a trampoline. */
struct gotcha_word {
	uint64_t *word;
	uint64_t before, after;
};

/* All words of one object. */
struct gotcha_written {
	const struct gotcha_word *words; /* also some in memory of ours, for good */
	uint64_t count, relro, relro_bytes;
	uint64_t base, low, high; /* of the object: load address, and its pages */
	struct gotcha_written *next;
};

struct gotcha_plan {
	struct gotcha_batch *batches[GOTCHA_BATCHES];
	_Atomic uint32_t batch_count;
	_Atomic uint32_t entry_count;
	struct gotcha_entry *entries; /* room for GOTCHA_TABLE_WORDS; NULL for a plan of one library */
	uint64_t program_low, program_high; /* the program's own text: never copied */
	struct gotcha_written *written;
	/* Where the program's getopt() variables are; NULL when no object refers to them. */
	char **optarg;
	int *optind, *opterr, *optopt;
};

/* What GOTCHA_LIBRARY is about: fills `plan` for the library and what it needs. */
struct gotcha_library {
	const struct link_map *map;
	struct gotcha_plan *plan;
};

struct gotcha_exit_entry;

struct gotcha_set {
	struct gotcha_plan *plan;
	uint32_t batch_count;
	uint32_t entry_count;
	uint64_t *table;   /* shadow GOT */
	void **slots;      /* per-libset functions of libc */
	char **regions;    /* one per batch */
	uint64_t writable_bytes; /* of its regions: what it may have written, and then has of its own */
	struct gotcha_set *next;     /* pool */
	struct gotcha_set *all_next; /* registry; never unlinked */
	struct shim_owner owner;         /* what its constructors and its per-libset functions of libc allocated */
	struct gotcha_locale *locale;    /* what setlocale() has set inside; shim/wrap_locale.c */
	struct gotcha_exit_entry *exits; /* what the copies registered with atexit() */
	/* What wrap_static.c keeps instead of libc's static variables. */
	struct tm tm;
	char ctime[32];
	mbstate_t states[GOTCHA_STATES];
	bool options_used;               /* getopt() of the copy is in the middle of something */
	_Atomic uint32_t entered;        /* threads inside, for gotcha_close() */
	bool open;                       /* gotcha_open() gave it out */
	_Atomic uint32_t in_use;         /* the record has a set */
	bool has_table;
	bool copied;                     /* some pages are not mapped from a file: it can't be renewed */
	bool keeps;                      /* its libc has allocated something to keep, such as a database's stream */
};

/* The libset of the running context, NULL: the starting one. */
static inline struct gotcha_set *gotcha_here(void)
{
	return shim_tls.set;
}

/* Whether a raw system call's result is an error, its negative errno value. */
static inline bool failed_call(long result)
{
	return (unsigned long)result > -4096ul;
}

/* ---- map.c: a libset from a plan */
struct gotcha_set *gotcha_make(struct gotcha_plan *plan); /* NULL and errno; a reason is in gotcha_reason() */
bool gotcha_extend(struct gotcha_set *set);               /* the plan's newer batches */
void gotcha_unmake(struct gotcha_set *set, bool destructors);
void gotcha_withdraw(struct gotcha_set *set); /* nothing runs its code any more, by way of libc */
bool gotcha_renew(struct gotcha_set *set); /* of a retired one; false: it is unmade */
void gotcha_end_databases(struct gotcha_set *set); /* databases.c */
void gotcha_end_locale(struct gotcha_set *set);    /* shim/wrap_locale.c */

const char *gotcha_keep_file(const struct gotcha_member *m, uint64_t bytes); /* NULL where it is refused */

/* ---- making.c: code that makes things for its libset */
struct gotcha_making {
	struct shim_call as, *call;   /* adopted; what ran here before */
	struct shim_thread thread;    /* where the program has none */
	struct shim_owner *owner, *maker; /* the libset; who it was before */
	struct gotcha_set *outside;
	struct gotcha_making *before;
	struct gotcha_once *once; /* under way when it began */
};
void gotcha_begin_making(struct gotcha_making *m, struct gotcha_set *set);
void gotcha_end_making(struct gotcha_making *m);
void gotcha_making_call(void *function, long a, long b, long c); /* in between; an exception out of it ends the making */

/* ---- exits.c: what a libset's code has told libc to call at the end */
void gotcha_run_exits(struct gotcha_set *set);
void gotcha_drop_exits(struct gotcha_set *set);

/* ---- forks.c: and at a fork */
void gotcha_forks_prepare(void);
void gotcha_forks_finish(bool child);
void gotcha_drop_forks(struct gotcha_set *set);

/* ---- table.c: trampolines and shadow GOTs */
bool gotcha_table_init(void);
uint64_t gotcha_trampolines(uint32_t first, uint32_t count); /* address of the first; 16 bytes each; 0: refused */
void gotcha_publish(struct gotcha_plan *plan, const struct gotcha_entry *entries, uint32_t count);
uint32_t gotcha_install(const struct gotcha_word *words, uint32_t count, bool back, uint64_t relro, uint64_t relro_bytes);
void gotcha_install_again(const struct gotcha_written *written, bool back);
void gotcha_fill_table(struct gotcha_set *set);
uint64_t gotcha_table_delta(const struct gotcha_set *set);
extern uint64_t *gotcha_starting_table;

/* ---- pool.c: ready libsets, and which call has which */
extern struct gotcha_plan gotcha_program; /* the whole program's plan */
struct gotcha_set *gotcha_take(void);     /* a ready one, or made now; NULL and errno */
void gotcha_retire(struct gotcha_set *set);
void gotcha_keep(struct gotcha_set *set); /* threads run its code: it is unmade when they are gone */
bool gotcha_prepare(void);                /* makes the plan, once */
/* After dlopen(): the plan learns of new objects, and the caller's libset gets its copies. False: not now, as another thread is in
 * the linker; what that one loads nobody can call yet. */
bool gotcha_loaded(void);
/* Before an isolated launch, when there was something to learn: waits if a load that is over is not in the plan. False with EAGAIN. */
bool gotcha_is_current(void);
bool gotcha_put_ready(struct gotcha_set *set); /* false: it is not wanted any more, and unmade */
void gotcha_forked(void);
extern _Atomic uint32_t gotcha_ready_count;
extern _Atomic uint64_t gotcha_made_count, gotcha_retired_count; /* since the start */
void gotcha_begin_options(struct shim_call *call); /* a function starts as a program does */
void gotcha_swap_options(struct shim_call *call);
void gotcha_switch(struct shim_tls *tls, struct gotcha_set *set);
extern struct gotcha_set *_Atomic gotcha_sets; /* registry */

void gotcha_leave_all(void);              /* undoes what the running context entered */
void gotcha_restore(void);                /* the program's words, as they were; and as they were made */
void gotcha_redo(void);
void gotcha_drop_ready(void);             /* gives ready libsets back */
void gotcha_prepare_again(void);          /* the plan's words were taken back */
bool gotcha_is_forked(void);              /* the plan came along in a fork */

/* ---- order.c: the thread that runs Go */
enum gotcha_order { GOTCHA_LIMITS, GOTCHA_PLAN, GOTCHA_GROW, GOTCHA_LIBRARY };
/* Around orders, inside a deferred section: objects neither come nor go. False with errno EAGAIN. */
bool gotcha_order_begin(uint64_t patience_ns);
void gotcha_order_end(void);
bool gotcha_order(enum gotcha_order what, void *argument); /* false with errno: not done */
void gotcha_order_forked(void);

/* ---- control.c: the thread that makes libsets ahead, and unmakes them */
void gotcha_control_refill(void);
bool gotcha_control_retire(struct gotcha_set *set); /* false: it does not */
void gotcha_control_forked(void);

/* ---- view.c: addresses of the original and of its copies */
uint64_t gotcha_copy_of(const struct gotcha_set *set, uint64_t original); /* the same address where there is no copy */
const struct gotcha_member *gotcha_member_of(const struct gotcha_plan *plan, uint64_t original, uint32_t *batch);
uint64_t gotcha_copy_of_libc(const struct gotcha_set *set, uint64_t original);
uint64_t gotcha_original_of(uint64_t address, struct gotcha_set **set); /* the same address where it is no copy */
/* pthread_once() with a control word of `set`; `frame`: SHIM_FRAME of the wrapper. */
int gotcha_run_once(struct gotcha_set *set, int (*real)(void *, void (*)(void)), void *control, void (*routine)(void), void *frame);
static inline struct gotcha_set *gotcha_set_at(uint64_t address) /* the libset whose copy is there; NULL: none's */
{
	struct gotcha_set *set = NULL;

	if (SHIM_UNLIKELY(atomic_load_explicit(&gotcha_sets, memory_order_relaxed) != NULL))
		(void)gotcha_original_of(address, &set);
	return set;
}

bool gotcha_view_init(const struct link_map *libc);

/* ---- message.c */
void gotcha_fail(int error, const char *object, const char *format, ...) __attribute__((format(printf, 3, 4)));
void gotcha_fail_as(int error, const char *reason);
const char *gotcha_reason(void);

#endif
