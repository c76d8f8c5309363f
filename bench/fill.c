/* SPDX-License-Identifier: Apache-2.0 */
/* fill.c - fill_N.so: a library of ordinary shape, of which any number of copies can be loaded: some text, data that is
 * written, data that is not, pointers that must be relocated, a constructor. */

enum { WORDS = 256 };

static const char text[] = "read-only";
static unsigned long counters[WORDS] = { 1 };
static unsigned long blank[4 * WORDS];

#define FUNCTION(n) \
	static unsigned long f##n(unsigned long x) { return counters[n % WORDS] += x * (0x9e37 + n) + blank[n] + (unsigned long)text[n % 9]; }
#define TEN(n) \
	FUNCTION(n##0) FUNCTION(n##1) FUNCTION(n##2) FUNCTION(n##3) FUNCTION(n##4) FUNCTION(n##5) FUNCTION(n##6) FUNCTION(n##7) FUNCTION(n##8) FUNCTION(n##9)
TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6)

#define NAMES(n) f##n##0, f##n##1, f##n##2, f##n##3, f##n##4, f##n##5, f##n##6, f##n##7, f##n##8, f##n##9
static unsigned long (*const functions[])(unsigned long) = { NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6) };

unsigned long fill(unsigned long x) {
	for (unsigned i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		x = functions[i](x);
	return x;
}

__attribute__((constructor)) static void start(void) { fill(1); }
