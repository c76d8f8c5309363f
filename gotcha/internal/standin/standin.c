/* SPDX-License-Identifier: Apache-2.0 */
/* standin.c - what package gotcha refers to in shim/, so that its test program links. shim/ itself would put wrappers between
 * that program and libc. What plans and limits need works; what only calls and libsets need ends the program. */
#include "../../libset.h"
#include "../../../shim/limit.h"
#include "../../../shim/own.h"
#include "../../../shim/trace.h"
#include "standin.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__thread struct shim_tls shim_tls __attribute__((tls_model("initial-exec")));
struct shim_config shim_config;
int shim_argc;
char **shim_argv;
bool shim_tracing, shim_modules_changed;
uint32_t shim_loader_closing;
_Atomic uint32_t shim_loads_done;
_Atomic bool shim_loader_lent;
struct shim_limit *_Atomic shim_limit_functions;
struct shim_limit_rule *shim_limit_rules;
uint32_t shim_limit_rule_count;
void *shim_real_dlopen;

/* One per-libset function, so that the section is there. */
static void *slot __attribute__((section("shim_set_slots"), used));

static char told[4096];

void shim_message(const char *what, const char *object, const char *reason)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof told - n, "%s: %s: %s\n", what, object, reason);
}

char *standin_told(void)
{
	char *all = strdup(told);

	told[0] = 0;
	return all;
}

extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_slots[] __attribute__((visibility("hidden")));

void shim_resolve_all(void)
{
	for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++)
		*s->real = dlsym(RTLD_NEXT, s->name);
}

/* A limited function's stub comes here with its record in %r11: count, and go on to the function. */
uint64_t standin_limited;
__asm__(".pushsection .text\n"
	".globl shim_limit_enter\n"
	".type shim_limit_enter, @function\n"
	"shim_limit_enter: lock incq standin_limited(%rip)\n"
	"jmp *8(%r11)\n"
	".popsection\n");
_Static_assert(offsetof(struct shim_limit, target) == 8, "shim_limit_enter has the number 8 for target");
