/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_regex.c - matching with a pattern that the call has not compiled itself.
 *
 * A match locks the pattern and adds to the automaton in it, for as long as it takes, which may be very long: it is not
 * deferred. A pattern of the call's own dies with it. Of one that was compiled elsewhere by regcomp() the call compiles a
 * copy when it first matches with it, and keeps it for the launches to come: the program's is never locked by a call that
 * may be paused or cancelled. What is allocated for copies has an owner of its own (own.h), so that a cancelled match leaves
 * nothing.
 *
 * Patterns of the older interface (re_search() and its kin) have no text to compile again. Such a pattern is held like a
 * lock, and what the match allocates is the pattern's. cancel() makes the match end: its next allocation is refused, and
 * it returns an error with everything in order (regexec.c of glibc looks at each). */
#include "lock.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

SHIM_SLOT(regcomp);
SHIM_SLOT(regfree);
SHIM_SLOT(regexec);
SHIM_SLOT(re_match);
SHIM_SLOT(re_match_2);
SHIM_SLOT(re_search);
SHIM_SLOT(re_search_2);

/* ---- what patterns were compiled from */

struct source {
	struct source *next;
	const void *automaton; /* regex_t.buffer */
	uint64_t serial;
	int flags;
	char text[];
};
#define BUCKETS 1024u

static struct source *sources[BUCKETS];
static uint64_t serials;
static atomic_flag lock = ATOMIC_FLAG_INIT;
extern void *shim_outer_malloc, *shim_outer_free;

static struct source **place(const void *automaton)
{
	struct source **at = &sources[((uint64_t)automaton >> 4) * 0x9e3779b97f4a7c15u >> 54];

	while (*at && (*at)->automaton != automaton)
		at = &(*at)->next;
	return at;
}

static void forget(const void *automaton)
{
	shim_spin_take(&lock);
	struct source **at = place(automaton), *gone = *at;
	if (gone)
		*at = gone->next;
	shim_spin_drop(&lock);
	((void (*)(void *))shim_outer_free)(gone);
}

static void remember(const void *automaton, const char *text, int flags)
{
	size_t bytes = strlen(text) + 1;
	struct source *s = ((void *(*)(size_t))shim_outer_malloc)(sizeof *s + bytes);

	forget(automaton);
	if (!s)
		return;
	*s = (struct source){.automaton = automaton, .flags = flags};
	memcpy(s->text, text, bytes);
	shim_spin_take(&lock);
	s->serial = ++serials;
	struct source **at = place(automaton);
	*at = s;
	shim_spin_drop(&lock);
}

SHIM_EXPORT int regcomp(regex_t *pattern, const char *text, int flags)
{
	int error = SHIM_REAL(int (*)(regex_t *, const char *, int), regcomp)(pattern, text, flags);

	if (!error) {
		struct shim_call *call = shim_tls.call;
		bool began = shim_defer_begin(call, SHIM_FRAME);
		remember(pattern->buffer, text, flags);
		shim_defer_end(call, began);
	}
	return error;
}

SHIM_EXPORT void regfree(regex_t *pattern)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	if (pattern->buffer)
		forget(pattern->buffer);
	SHIM_REAL(void (*)(regex_t *), regfree)(pattern);
	shim_defer_end(call, began);
}

void shim_regex_forked(void)
{
	shim_spin_drop(&lock);
}

/* ---- a call's copies */

#define COPIES 16
struct shim_patterns {
	struct shim_owner owner;
	uint32_t next;  /* to be replaced */
	bool matching;  /* a copy is being compiled or matched with */
	struct {
		uint64_t serial; /* 0: none */
		regex_t pattern;
	} copies[COPIES];
};

static struct shim_patterns *patterns_of(struct shim_call *call)
{
	if (call->patterns)
		return call->patterns;
	struct shim_patterns *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	own_init(&p->owner, OWN_PATTERNS_TAG | call->owner.tag);
	return call->patterns = p;
}

/* All copies go; on the call's TCB, or when nobody runs on it. */
static void drop_copies(struct shim_patterns *p)
{
	own_release(&p->owner);
	memset(p->copies, 0, sizeof p->copies);
	p->matching = false;
}

void shim_patterns_release(struct shim_call *call)
{
	if (call->patterns)
		drop_copies(call->patterns);
}

void shim_patterns_end(struct shim_call *call)
{
	if (!call->patterns)
		return;
	own_end(&call->patterns->owner);
	(void)munmap(call->patterns, sizeof *call->patterns);
	call->patterns = NULL;
}

/* The call's copy of the pattern, or NULL: what it was compiled from is not known, or there is no memory. */
static regex_t *copy_of(struct shim_call *call, const regex_t *pattern)
{
	struct shim_patterns *p = NULL;
	char *text = NULL;
	uint64_t serial = 0;
	int flags = 0;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	shim_spin_take(&lock);
	const struct source *s = *place(pattern->buffer);
	if (s) {
		serial = s->serial;
		flags = s->flags;
	}
	shim_spin_drop(&lock);
	if (serial)
		p = patterns_of(call);
	if (p && p->matching) /* it was left by a jump: in what state nobody knows */
		drop_copies(p);
	for (uint32_t i = 0; p && i < COPIES; i++)
		if (p->copies[i].serial == serial) {
			shim_defer_end(call, began);
			return &p->copies[i].pattern;
		}
	if (p) { /* rarely; the pattern may be gone by now */
		p->matching = true;
		shim_tls.maker = &p->owner;
		shim_spin_take(&lock);
		s = *place(pattern->buffer);
		if (s && s->serial == serial)
			text = strdup(s->text);
		shim_spin_drop(&lock);
	}
	shim_defer_end(call, began);
	if (!p)
		return NULL;

	uint32_t at = p->next++ % COPIES;
	if (p->copies[at].serial)
		SHIM_REAL(void (*)(regex_t *), regfree)(&p->copies[at].pattern);
	p->copies[at].serial = 0;
	int error = text ? SHIM_REAL(int (*)(regex_t *, const char *, int), regcomp)(&p->copies[at].pattern, text, flags) : REG_ESPACE;
	if (!error)
		p->copies[at].serial = serial;
	shim_free(text);
	shim_tls.maker = NULL;
	p->matching = false;
	return error ? NULL : &p->copies[at].pattern;
}

static bool is_own(const struct shim_call *call, const regex_t *pattern)
{
	const uint32_t *word = own_word(pattern->buffer);

	return word && *word == call->owner.tag;
}

/* ---- matching */

typedef int execute(const regex_t *, const char *, size_t, regmatch_t *, int);

static struct shim_call *enter(const regex_t *pattern);
static void leave(struct shim_call *call, const regex_t *pattern);

SHIM_EXPORT int regexec(const regex_t *pattern, const char *text, size_t count, regmatch_t matches[count], int flags)
{
	execute *real = SHIM_REAL(execute *, regexec);
	struct shim_call *call = hold_here();

	if (SHIM_LIKELY(!call) || is_own(call, pattern) || (call->defer_rsp && call->defer_rsp >= (uint64_t)SHIM_FRAME))
		return real(pattern, text, count, matches, flags);
	regex_t *copy = copy_of(call, pattern);
	if (!copy) {
		call = enter(pattern);
		int result = real(pattern, text, count, matches, flags);
		leave(call, pattern);
		return result;
	}
	call->patterns->matching = true;
	shim_tls.maker = &call->patterns->owner;
	int result = real(copy, text, count, matches, flags);
	shim_tls.maker = NULL;
	call->patterns->matching = false;
	return result;
}

/* The call that has to let go of the pattern before it can be cancelled, or NULL. */
static struct shim_call *enter(const regex_t *pattern)
{
	struct shim_call *call = hold_here();

	if (SHIM_LIKELY(!call) || is_own(call, pattern) || !shim_defer_begin(call, SHIM_FRAME))
		return NULL; /* in a deferred section it is never paused inside */
	hold_add(call, HOLD_PATTERN, pattern->buffer);
	call->untracked++;
	shim_defer_end(call, true);
	return call;
}

static void leave(struct shim_call *call, const regex_t *pattern)
{
	if (SHIM_LIKELY(!call))
		return;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	if (call->untracked & UNTRACKED_MATCHES)
		call->untracked--;
	hold_drop(call, pattern->buffer);
	shim_defer_end(call, began);
}

#define MATCH(result, name, parameters, types, arguments)                        \
	SHIM_EXPORT result name parameters                                       \
	{                                                                        \
		struct shim_call *call = enter(pattern);                         \
		result found = SHIM_REAL(result(*) types, name) arguments;       \
		leave(call, pattern);                                            \
		return found;                                                    \
	}

MATCH(regoff_t, re_match, (struct re_pattern_buffer *pattern, const char *text, regoff_t length, regoff_t start, struct re_registers *matches),
      (struct re_pattern_buffer *, const char *, regoff_t, regoff_t, struct re_registers *), (pattern, text, length, start, matches))
MATCH(regoff_t, re_match_2,
      (struct re_pattern_buffer *pattern, const char *text, regoff_t length, const char *text2, regoff_t length2, regoff_t start,
       struct re_registers *matches, regoff_t stop),
      (struct re_pattern_buffer *, const char *, regoff_t, const char *, regoff_t, regoff_t, struct re_registers *, regoff_t),
      (pattern, text, length, text2, length2, start, matches, stop))
MATCH(regoff_t, re_search,
      (struct re_pattern_buffer *pattern, const char *text, regoff_t length, regoff_t start, regoff_t range, struct re_registers *matches),
      (struct re_pattern_buffer *, const char *, regoff_t, regoff_t, regoff_t, struct re_registers *),
      (pattern, text, length, start, range, matches))
MATCH(regoff_t, re_search_2,
      (struct re_pattern_buffer *pattern, const char *text, regoff_t length, const char *text2, regoff_t length2, regoff_t start,
       regoff_t range, struct re_registers *matches, regoff_t stop),
      (struct re_pattern_buffer *, const char *, regoff_t, const char *, regoff_t, regoff_t, regoff_t, struct re_registers *, regoff_t),
      (pattern, text, length, text2, length2, start, range, matches, stop))
