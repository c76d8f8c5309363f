/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - what happens when, recorded in a file that outlives a crash (INGER_TRACE).
 *
 * The file is mapped shared: a header, a table of names, the list of loaded objects, and a ring of events of one size. Each
 * kernel thread takes a page of the ring at a time and writes in it without asking the others. An event counts once its
 * `mark` is written, which is last, and says which lap of the ring it belongs to; so a reader knows a torn or an old one.
 * trace/ring.go reads it. */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TRACE_MAGIC "inger\1tr"
#define TRACE_VERSION 1u
#define TRACE_NAMES 1024u
#define TRACE_NAME_BYTES 56u
#define TRACE_OBJECTS_BYTES (192u << 10)
#define TRACE_PAGE_EVENTS 128u /* a page of events is one thread's */
#define TRACE_EVENTS_DEFAULT (1u << 18)

enum trace_kind {
	TRACE_LAUNCH = 1,  /* a: function; b: name, isolated << 32, number of the launching call << 40 */
	TRACE_SLICE_BEGIN, /* a: deadline in ticks, or SHIM_NEVER */
	TRACE_SLICE_END,   /* a: enum trace_end; b: the deadline */
	TRACE_DEFER,       /* a pause became due in a deferred section; a: name of the function, b: where it was interrupted */
	TRACE_WAIT_BEGIN,  /* a: name of the function, b: descriptor, address or duration */
	TRACE_WAIT_END,    /* a: name of the function */
	TRACE_CANCEL_BEGIN,
	TRACE_CANCEL_END,  /* a: 0 or an errno */
	TRACE_FAULT,       /* a: signal << 48 | instruction; b: address */
	TRACE_LIBSET,      /* a: enum trace_libset; b: which */
	TRACE_SIGNAL,      /* the preemption signal; a: the deadline; b: enum trace_signal */
	TRACE_EXIT,        /* the process ends, or executes another program */
};
enum trace_end { TRACE_CLOCK, TRACE_YIELDED, TRACE_DONE, TRACE_LEFT, TRACE_FAULTED, TRACE_GIVEN_UP };
enum trace_libset { TRACE_MADE, TRACE_RENEWED, TRACE_RETIRED, TRACE_GONE };
enum trace_signal { TRACE_PAUSES, TRACE_DEFERS, TRACE_EARLY, TRACE_SPURIOUS, TRACE_LATER };

/* mark: lap (14 bits), kind (8), kernel thread (22), call (20). The call is 0: none; TRACE_MAIN: a sliced main();
 * TRACE_LIMITED and more: limited functions inside one another on the thread (limit.h); or its place in the table plus one. */
#define TRACE_MAIN 0xfffffu
#define TRACE_LIMITED 0xfff00u
struct trace_event {
	uint64_t ticks, a, b;
	_Atomic uint64_t mark;
};
_Static_assert(sizeof(struct trace_event) * TRACE_PAGE_EVENTS == 4096, "a page of events is a page");

struct trace_name {
	_Atomic uint64_t hash; /* 0: free; taken before the text is there */
	char text[TRACE_NAME_BYTES];
};

struct trace_file {
	char magic[8];
	uint32_t version, header_bytes; /* up to the ring */
	uint64_t events;                /* room in the ring */
	uint64_t start_ticks, start_ns; /* the same moment on both clocks; CLOCK_MONOTONIC */
	uint64_t ns_per_tick_q32;       /* 32.32 fixed point */
	uint32_t pid, names_at, names, objects_at, objects_bytes, pad;
	_Atomic uint64_t pages;         /* of events, taken so far */
	char program[256];
	char room[4096 - 72 - 256 - 8];
	struct trace_name name[TRACE_NAMES];
	char objects[TRACE_OBJECTS_BYTES]; /* a line each: load address in hex, blank, path */
	struct trace_event event[];
};
_Static_assert(sizeof(struct trace_file) % 4096 == 0, "the ring begins on a page");

struct shim_call;
extern bool shim_tracing __attribute__((visibility("hidden")));

/* ---- trace_sig.c: async-signal-safe */
void shim_trace_add(enum trace_kind kind, uint32_t call, uint64_t a, uint64_t b);
uint32_t shim_trace_name(const char *name);                 /* 0: no room for another, or NULL */
uint32_t shim_trace_number(const struct shim_call *call);   /* NULL: 0 */
uint32_t shim_trace_section(const struct shim_call *call);  /* name of the function that the deferred section is */
uint32_t shim_trace_wait(const char *name, uint64_t detail); /* begins; what shim_trace_waited() wants */
void shim_trace_waited(uint32_t name);

#define SHIM_TRACE(kind, call, a, b)                                                          \
	do {                                                                                  \
		if (__builtin_expect(shim_tracing, 0))                                        \
			shim_trace_add(kind, shim_trace_number(call), (uint64_t)(a), (uint64_t)(b)); \
	} while (0)

/* The rest of the block waits in `name`. */
struct shim_wait {
	uint32_t name; /* 0: not recorded */
};
static inline struct shim_wait shim_wait_begin(const char *name, uint64_t detail)
{
	return (struct shim_wait){__builtin_expect(shim_tracing, 0) ? shim_trace_wait(name, detail) : 0};
}
static inline void shim_wait_end(const struct shim_wait *wait)
{
	if (__builtin_expect(wait->name != 0, 0))
		shim_trace_waited(wait->name);
}
#define SHIM_WAIT(name, detail) \
	const struct shim_wait shim_wait_here __attribute__((cleanup(shim_wait_end), unused)) = shim_wait_begin(name, (uint64_t)(detail))

/* ---- trace.c */
void shim_trace_configure(void); /* takes INGER_TRACE out of the environment for programs started later */
void shim_trace_open(void);
void shim_trace_objects(void);   /* after dlopen() */
void shim_trace_exit(void);
void shim_trace_forked(void);

#endif
