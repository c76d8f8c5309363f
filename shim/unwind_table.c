/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_table.c - reads what a function's compiler wrote for unwinders (.gcc_except_table): its language-specific data, as the
 * personality routines of C, C++ and others have it (LSB 5.0, Core, Exception Frames; libgcc's unwind-c.c). */
#include "unwind_table.h"
#include <stdbool.h>

static uint64_t read_uleb(const unsigned char **p)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		unsigned char byte = *(*p)++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

static int64_t read_sleb(const unsigned char **p)
{
	uint64_t value = 0;

	for (unsigned shift = 0;;) {
		unsigned char byte = *(*p)++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && shift < 64)
			value |= ~(uint64_t)0 << shift;
		return (int64_t)value;
	}
}

/* Lengths and distances within the function. */
static bool read_offset(unsigned char encoding, const unsigned char **p, uint64_t *value)
{
	switch (encoding & 0x0f) {
	case 0x00: case 0x04: case 0x0c: __builtin_memcpy(value, *p, 8); *p += 8; return true;
	case 0x01: *value = read_uleb(p); return true;
	case 0x02: *value = (uint64_t)((*p)[0] | (*p)[1] << 8); *p += 2; return true;
	case 0x03: case 0x0b: *value = *(const uint32_t *)(const void *)*p; *p += 4; return true;
	default: return false;
	}
}

static bool is_catch_all(unsigned char encoding, const unsigned char *types, int64_t filter)
{
	unsigned bytes = (encoding & 7) == 2 ? 2 : (encoding & 7) == 3 ? 4 : 8;
	const unsigned char *type = types - (uint64_t)filter * bytes;

	for (unsigned i = 0; i < bytes; i++)
		if (type[i])
			return false;
	return true;
}

enum shim_effect shim_unwind_effect(const unsigned char *table, uint64_t place)
{
	const unsigned char *p = table, *end, *types = NULL;
	uint64_t start, length, landing, ignored;

	unsigned char encoding = *p++;
	if (encoding != 0xff && !read_offset(encoding, &p, &ignored))
		return NOTHING_ELSE;
	unsigned char type_encoding = *p++;
	if (type_encoding != 0xff) {
		uint64_t distance = read_uleb(&p);
		types = p + distance;
	}
	encoding = *p++;
	length = read_uleb(&p);
	end = p + length;
	while (p < end) {
		if (!read_offset(encoding, &p, &start) || !read_offset(encoding, &p, &length) ||
		    !read_offset(encoding, &p, &landing))
			return NOTHING_ELSE;
		uint64_t action = read_uleb(&p);
		if (place < start)
			return ENDS_PROGRAM; /* in order of their starts */
		if (place - start >= length)
			continue;
		for (const unsigned char *a = end + action - 1; landing && action;) {
			int64_t filter = read_sleb(&a);
			if (filter < 0) /* a list of what may leave, throw () among them */
				return ENDS_PROGRAM;
			if (filter > 0 && types && is_catch_all(type_encoding, types, filter))
				return CATCHES_ALL;
			const unsigned char *link = a;
			int64_t distance = read_sleb(&a);
			if (!distance)
				break;
			a = link + distance;
		}
		return NOTHING_ELSE;
	}
	return ENDS_PROGRAM;
}
