/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - options in the plainest spelling, the one that `inger run` itself writes.
 *
 * Package options has the table, the spellings and the messages. Asking it starts the Go runtime, 1 to 2 ms and several
 * threads in each process of a script; so what is obviously good is read here, and anything else is left to Go. */
#include "shim.h"
#include <string.h>

/* Digits with one of the suffixes; false when it is anything else. */
static bool number(const char *text, uint64_t *value, const char **suffix)
{
	uint64_t n = 0;

	if (*text < '1' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (n > 1000000000000ull)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*value = n;
	*suffix = text;
	return true;
}

static bool plain_slice(const char *text, struct shim_config *c)
{
	const char *unit;
	uint64_t n;

	if (!number(text, &n, &unit))
		return false;
	if (strcmp(unit, "us") == 0)
		n *= 1000;
	else if (strcmp(unit, "ms") == 0)
		n *= 1000000;
	else
		return false;
	/* Well inside the table's range: the borders are its business. */
	if (n < 20000 || n > 60000000000ull)
		return false;
	c->slice_ns = n;
	return true;
}

static bool plain_switch(const char *text, uint32_t *value)
{
	if ((text[0] != '0' && text[0] != '1') || text[1])
		return false;
	*value = (uint32_t)(text[0] - '0');
	return true;
}

/* Well inside the range, and with a unit or none that is plain. */
static bool plain_stack(const char *text, uint64_t *bytes)
{
	const char *unit;
	uint64_t n;

	if (!number(text, &n, &unit))
		return false;
	unsigned shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
	if ((shift ? unit[1] : unit[0]) || n << shift < (64u << 10) || n << shift > (1u << 30))
		return false;
	*bytes = n << shift;
	return true;
}

static bool plain_clock(const char *text, uint32_t *clock)
{
	if (strcmp(text, "timer") == 0)
		*clock = SHIM_CLOCK_TIMER;
	else if (strcmp(text, "timekeeper") == 0)
		*clock = SHIM_CLOCK_TIMEKEEPER;
	else
		return strcmp(text, "auto") == 0;
	return true;
}

static bool plain_isolation(const char *text, uint32_t *isolate)
{
	*isolate = strcmp(text, "shared") != 0;
	return !*isolate || strcmp(text, "isolated") == 0;
}

static bool plain_libsets(const char *text, uint32_t *libsets)
{
	const char *end;
	uint64_t n;

	/* 0 is no number here; the upper border is the table's business. */
	if (strcmp(text, "0") == 0)
		n = 0;
	else if (!number(text, &n, &end) || *end || n > 5000)
		return false;
	*libsets = (uint32_t)n;
	return true;
}

static bool plain_events(const char *text, uint32_t *events)
{
	const char *end;
	uint64_t n;

	if (!number(text, &n, &end) || *end || n < 1024 || n > 1u << 26)
		return false;
	*events = (uint32_t)n;
	return true;
}

static bool plain_signal(const char *text, uint32_t *signal)
{
	const char *end;
	uint64_t n;

	if (!number(text, &n, &end) || *end || n < 34 || n > 64)
		return false;
	*signal = (uint32_t)n;
	return true;
}

static bool plain_seed(const char *text, uint64_t *seed)
{
	const char *end;

	return number(text, seed, &end) && !*end;
}

/* False when some option needs Go; *c is then not to be used. */
bool shim_plain_options(char *const *env, struct shim_config *c)
{
	for (; env && *env; env++) {
		const char *name = *env, *value = strchr(*env, '=');
		if (strncmp(name, "INGER_", 6) != 0 || !value)
			continue;
		size_t length = (size_t)(value++ - name);
		bool good = true;
#define IS(option) (length == sizeof option - 1 && memcmp(name, option, length) == 0)
		if (IS("INGER_SLICE"))
			good = plain_slice(value, c);
		else if (IS("INGER_TORTURE"))
			good = plain_switch(value, &c->torture);
		else if (IS("INGER_STATS"))
			good = plain_switch(value, &c->stats);
		else if (IS("INGER_FOLLOW"))
			good = plain_switch(value, &c->follow);
		else if (IS("INGER_FSGSBASE"))
			good = plain_switch(value, &c->fsgsbase);
		else if (IS("INGER_CLOCK"))
			good = plain_clock(value, &c->clock);
		else if (IS("INGER_ISOLATION"))
			good = plain_isolation(value, &c->isolate);
		else if (IS("INGER_LIBSETS"))
			good = plain_libsets(value, &c->libsets);
		else if (IS("INGER_SEED"))
			good = plain_seed(value, &c->seed);
		else if (IS("INGER_TRACE_EVENTS"))
			good = plain_events(value, &c->trace_events);
		else if (IS("INGER_OWN_MALLOC"))
			good = plain_switch(value, &c->own_malloc);
		else if (IS("INGER_SIGNAL"))
			good = plain_signal(value, &c->signal);
		else if (IS("INGER_STACK"))
			good = plain_stack(value, &c->stack_bytes);
		if (!good)
			return false;
	}
	return true;
}
