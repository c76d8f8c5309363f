/* SPDX-License-Identifier: Apache-2.0 */
/* tls_fresh: __thread variables start from their initial values in each launch, and are kept across pauses. */
#include <ctype.h>
#include <dlfcn.h>
#include <locale.h>
#include "helpers.h"

static __thread int initialised = 17;
static __thread char zeroed[3000];
static __thread uint64_t aligned __attribute__((aligned(64))) = 5;

struct seen {
	int fresh, kept, aligned, ctype;
};

static int all_zero(void)
{
	for (size_t i = 0; i < sizeof zeroed; i++)
		if (zeroed[i])
			return 0;
	return 1;
}

static void use(void *arg)
{
	struct seen *s = arg;
	s->fresh += initialised == 17 && aligned == 5 && all_zero();
	s->aligned += (uintptr_t)&aligned % 64 == 0;
	s->ctype += isalpha('q') && !isalpha('1') && toupper('q') == 'Q';
	initialised = 18;
	aligned = 6;
	memset(zeroed, 1, sizeof zeroed);
	inger_pause();
	s->kept += initialised == 18 && aligned == 6 && zeroed[0] == 1 && zeroed[sizeof zeroed - 1] == 1;
}

/* libm is opened late below: a library with thread-local variables beyond the static block comes the same way. */
static void use_late(void *arg)
{
	double (*gamma_function)(double) = (double (*)(double))arg;
	errno = 0;
	volatile double value = gamma_function(5.0);
	initialised = value > 3.1 && value < 3.2 ? 1 : 0;
	inger_pause();
	*(volatile int *)&zeroed[0] = initialised;
	inger_pause();
}

int main(void)
{
	struct seen s = { 0 };
	plan(9);
	initialised = 1000;
	memset(zeroed, 9, sizeof zeroed);
	for (int i = 0; i < 200; i++) {
		linger_t call = launch(use, TO_COMPLETION, &s);
		if (i % 4 == 3)
			cancel(&call); /* what a cancelled call leaves behind must not show either */
		else
			resume(&call, TO_COMPLETION);
	}
	is_int(s.fresh, 200, "each of 200 calls starts from the initial values");
	is_int(s.kept, 150, "the values are kept across a pause");
	is_int(s.aligned, 200, "the alignment is kept");
	is_int(s.ctype, 200, "isalpha() and toupper() work in each");
	is_int(initialised, 1000, "the program's own variable is untouched");
	ok(zeroed[0] == 9 && zeroed[sizeof zeroed - 1] == 9, "and its array");

	linger_t calls[50];
	s = (struct seen){ 0 };
	for (int i = 0; i < 50; i++)
		calls[i] = launch(use, TO_COMPLETION, &s);
	for (int i = 49; i >= 0; i--)
		resume(&calls[i], TO_COMPLETION);
	ok(s.fresh == 50 && s.kept == 50, "fifty at the same time each have their own");

	void *library = dlopen("libm.so.6", RTLD_NOW);
	void *symbol = library ? dlsym(library, "lgamma") : NULL;
	ok(symbol != NULL, "a library opened after the first launch");
	linger_t call = launch(use_late, TO_COMPLETION, symbol);
	resume(&call, TO_COMPLETION);
	ok(call.yielded && resume(&call, TO_COMPLETION) == 0 && call.is_complete, "works in a call");
	return done();
}
