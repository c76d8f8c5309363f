/* SPDX-License-Identifier: Apache-2.0 */
/* own.h - what a call has made and not given back: heap blocks, descriptors, streams, mappings.
 *
 * Each resource has one *tag* in the process: a word that says whose it is, 0: nobody's. Blocks and streams have theirs in
 * a table by address (own_heap.c), descriptors in one by number, mappings in a list of ranges. The tag is the truth: who
 * frees, closes or keeps a resource, in whatever context, sets it to 0 and needs to know nothing of the owner.
 * The owner's *log* lists what it once tagged; an entry counts only while the tag is still the owner's. Both are written
 * without atomic operations: a log by its owner alone, in deferred sections, a tag by whoever has the resource. */
#ifndef SHIM_OWN_H
#define SHIM_OWN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum own_kind {
	OWN_BLOCK,       /* key: address of a heap block */
	OWN_STREAM,      /* a FILE; its descriptor and its buffer are part of it */
	OWN_TEXT_STREAM, /* a FILE of open_memstream(): the entry before it is an OWN_EXTRA with the address of the buffer's pointer */
	OWN_PIPE_STREAM, /* a FILE of popen() */
	OWN_DIRECTORY,   /* a DIR */
	OWN_FD,          /* key: number */
	OWN_EXTRA,       /* more about the next entry */
	OWN_CONVERTER,   /* an iconv_t; no descriptor is part of it */
};
#define OWN_FOREIGN 1 /* OWN_EXTRA of an OWN_STREAM: its descriptor is somebody else's. Else: fopencookie()'s function that closes. */
#define OWN_SMALL 24
#define OWN_GONE 0x7fffffffu /* a block that a function with INGER_UNWIND has freed: its destructors must not free it again */
#define OWN_PATTERNS_TAG 0x00200000u /* beyond those of calls: a call's copies of patterns, wrap_regex.c */
#define SHIM_SET_TAG 0x40000000u /* tags of libsets; those of calls are smaller */

/* An address is used again, for something else: the tag says what it is as well, lest an old entry of the log takes it for
 * what was there before. */
#define OWN_KIND_SHIFT 27
static inline uint32_t own_tag(uint32_t tag, enum own_kind kind)
{
	return tag | (uint32_t)kind << OWN_KIND_SHIFT;
}

/* What libc and the kernel keep of an owner besides: bits of shim_owner.registered. */
enum {
	REG_KEYS = 1,    /* own_key.c */
	REG_FORK = 2,    /* a libset's fork handlers, gotcha/forks.c */
	REG_OBJECTS = 4, /* a libset's thread-local objects with destructors, finish.c */
	REG_ACTIONS = 8, /* signal handlers in a libset's code, own_action.c */
	REG_THREADS = 16, /* own_thread.c */
	REG_TIMERS = 32,  /* own_timer.c */
	REG_REQUESTS = 64, /* own_request.c */
};

struct shim_owner {
	uint32_t tag;       /* never 0 */
	uint32_t registered;
	uint32_t count, room;
	uint32_t fd_count, fd_limit; /* descriptors, streams, directories; limit 0: none */
	bool maps;                   /* it has made mappings */
	uint64_t *log;      /* kind << 56 | key */
	uint64_t heap_bytes, heap_limit;
	uint64_t small[OWN_SMALL];
};

static inline uint64_t own_entry(enum own_kind kind, uint64_t key)
{
	return (uint64_t)kind << 56 | key;
}

/* ---- own.c */
void own_init(struct shim_owner *owner, uint32_t tag);
void own_forget(struct shim_owner *owner); /* a completed call keeps what it has; its log is emptied */
bool own_make_room(struct shim_owner *owner); /* for one more entry; false: no memory */
static inline bool own_log(struct shim_owner *owner, uint64_t entry)
{
	if (__builtin_expect(owner->count == owner->room, 0) && !own_make_room(owner))
		return false;
	owner->log[owner->count++] = entry;
	return true;
}
void own_release(struct shim_owner *owner); /* frees, closes and unmaps everything, once */
void own_withdraw(struct shim_owner *owner); /* of that, what libc has in lists and tables of its own */
void own_end(struct shim_owner *owner);     /* gives the log's memory back */
/* Counts again what somebody else may have freed or closed; deferred sections only. */
uint64_t own_heap_count(struct shim_owner *owner);
uint32_t own_fd_recount(struct shim_owner *owner);
void own_move(struct shim_owner *from, struct shim_owner *to); /* a completed inner call's: the outer one's from now on */
/* Whose resources are made now: the running call's, the libset's that is being made, or nobody's (NULL). `began`: what
 * shim_defer_begin() returned; a nested section's are its own business. */
struct shim_call;
static inline struct shim_owner *own_here(struct shim_call *call, bool began); /* shim.h */
struct shim_owner *own_nested(struct shim_call *call);
struct shim_owner *own_made(struct shim_call *call, bool began); /* while code of a libset makes things for it */
bool own_has(const struct shim_owner *owner, const void *address); /* in one of its blocks */
bool own_dies(const struct shim_owner *owner, const void *address); /* a call's: there, or on its stack */

/* ---- own_heap.c: tags of addresses (16-byte aligned, below 2^47) */
#define OWN_TOP_BITS 11
#define OWN_MIDDLE_BITS 12
#define OWN_LOW_BITS 20 /* 16 MiB of heap each */
#define OWN_GRAIN_BITS 4
extern bool own_any __attribute__((visibility("hidden"))); /* some address has been tagged */
extern uint32_t **_Atomic own_top[1u << OWN_TOP_BITS] __attribute__((visibility("hidden")));
static inline unsigned own_in_top(uint64_t a) { return (unsigned)(a >> (OWN_MIDDLE_BITS + OWN_LOW_BITS + OWN_GRAIN_BITS)); }
static inline unsigned own_in_middle(uint64_t a) { return (unsigned)(a >> (OWN_LOW_BITS + OWN_GRAIN_BITS)) & ((1u << OWN_MIDDLE_BITS) - 1); }
static inline unsigned own_in_low(uint64_t a) { return (unsigned)(a >> OWN_GRAIN_BITS) & ((1u << OWN_LOW_BITS) - 1); }

/* NULL: no tag was ever set near it. */
static inline uint32_t *own_word(const void *address)
{
	uint64_t a = (uint64_t)address;

	if (__builtin_expect(own_in_top(a) >= 1u << OWN_TOP_BITS, 0))
		return NULL;
	uint32_t **middle = atomic_load_explicit(&own_top[own_in_top(a)], memory_order_acquire);
	if (!middle)
		return NULL;
	uint32_t *low = __atomic_load_n(&middle[own_in_middle(a)], __ATOMIC_ACQUIRE);
	return low ? &low[own_in_low(a)] : NULL;
}
uint32_t *own_word_make(const void *address); /* NULL: no memory */

/* Log and tag a block or a stream; false: no memory, and nothing is changed. */
static inline bool own_add(struct shim_owner *owner, enum own_kind kind, const void *address)
{
	uint32_t *word = own_word(address);

	if (__builtin_expect(!word, 0))
		word = own_word_make(address);
	if (!word || !own_log(owner, own_entry(kind, (uint64_t)address)))
		return false;
	__atomic_store_n(word, own_tag(owner->tag, kind), __ATOMIC_RELAXED);
	return true;
}

/* ---- own_fd.c: tags of descriptors */
bool own_fd_add(struct shim_owner *owner, int fd);
int own_fd_made(struct shim_owner *owner, long fd); /* a new one, or a negative errno: what the function returns */
uint32_t *own_fd_word(int fd); /* NULL: no tag was ever set near it */
void own_fd_clear(int fd);
void own_fd_clear_range(unsigned first, unsigned last);
/* Whether another descriptor is within the owner's limit; sets errno EMFILE when not. */
bool own_fd_allowed(struct shim_owner *owner);
bool own_fds_allowed(struct shim_owner *owner, uint32_t count);
/* Whose it was, nobody's now; `owner` (or NULL) is who closes it, deferred. */
uint32_t own_fd_take(struct shim_owner *owner, int fd);
void own_fd_put_back(int fd, uint32_t tag); /* it could not be closed */
void own_fd_dropped(struct shim_owner *owner, uint64_t entry); /* the owner has one less */

/* What own_release() does about each kind, on the call's TCB; the tag is gone already. Nothing of it waits. */
void own_close_fd(int fd);
void own_close_stream(enum own_kind kind, void *file, uint64_t extra); /* own_file.c */
void own_close_directory(void *directory);
void own_close_converter(void *converter); /* wrap_convert.c */

/* ---- own_key.c: thread-specific keys */
void own_keys_release(struct shim_owner *owner); /* before its memory goes */
void own_keys_run_destructors(void); /* of the running TCB's values */
void own_keys_drop_values(void);
void own_keys_move(const struct shim_owner *from, uint32_t to_tag); /* 0: nobody's */

/* ---- own_action.c: signal handlers */
struct sigaction;
struct gotcha_set;
void own_action_note(int sig, const struct sigaction *wanted); /* about to be set */
void own_actions_drop(const struct gotcha_set *set);

/* ---- own_thread.c: threads that an owner has started */
/* Of either owner (or NULL): they are gone now, or it is false. `wait`: they have a moment to go. */
bool own_threads_end(struct shim_owner *first, struct shim_owner *second, bool wait);
void own_threads_move(const struct shim_owner *from, uint32_t to_tag); /* 0: nobody's */
void own_threads_forked(void);

/* ---- own_timer.c: timers of timer_create() */
void own_timers_release(struct shim_owner *owner);
void own_timers_move(const struct shim_owner *from, uint32_t to_tag); /* 0: nobody's */
void own_timers_forked(void);

/* ---- own_request.c: what libc's helper threads work on for a call */
bool own_requests_end(struct shim_owner *owner, bool wait); /* they are over now, or it is false. `wait`: they have a moment */
void own_requests_move(const struct shim_owner *from, uint32_t to_tag); /* 0: nobody's */
void own_requests_forked(void);

/* ---- own_environment.c */
void own_environment_keep(const struct shim_owner *owner); /* of its blocks what is the environment */

/* ---- own_map.c: mappings, a process-wide list of ranges */
void own_map_add(struct shim_owner *owner, void *address, size_t bytes, const void *caller); /* replaces who had the range */
void own_map_set(uint32_t tag, void *address, size_t bytes, const void *caller);
uint32_t own_map_tag(const void *address); /* whose it is, 0: nobody's */
bool own_map_is(const struct shim_owner *owner, uint32_t tag);
bool own_map_any(void); /* some call has a mapping */
void own_map_remove(const void *address, size_t bytes); /* unmapped by whomever */
bool own_map_keep(const void *address);                  /* false: nobody's */
void own_map_release(struct shim_owner *owner);          /* munmap all of its */
void own_map_forget(struct shim_owner *owner, uint32_t to_tag); /* 0: nobody's */
struct own_mapping {
	uint64_t start, end, caller;
	bool referred, kept;
};
size_t own_map_count(const struct shim_owner *owner);
size_t own_map_list(const struct shim_owner *owner, struct own_mapping *list, size_t room); /* by address; how many */
void own_map_let(const struct shim_owner *owner, uint64_t start);                         /* nobody's */
void own_map_forked(void);

/* ---- own_referred.c */
void own_map_keep_referred(struct shim_owner *owner); /* a shared call's that a library still has the way to: nobody's */

#endif
