/* SPDX-License-Identifier: Apache-2.0 */
/* limit_set.c - which functions have limits: asked for before main(), for libraries that come later, and of dlsym(); and
 * what INGER_STATS says of them. The rules are Go's (gotcha/limit.go). */
#include "limit.h"
#include "loader.h"
#include "../gotcha/libset.h"
#include <sys/syscall.h>

bool shim_limits_on;
struct shim_limit *_Atomic shim_limit_functions;
struct shim_limit_rule *shim_limit_rules;
uint32_t shim_limit_rule_count;
void *_Atomic shim_limit_cxx;

static bool order(struct shim_limit_request *request)
{
	if (!gotcha_order_begin(SHIM_LOADER_PATIENCE_NS))
		return false;
	bool done = gotcha_order(GOTCHA_LIMITS, request);
	gotcha_order_end();
	return done;
}

void shim_limits_begin(const char *rules, const char *file)
{
	struct shim_limit_request request = {.rules = rules, .file = file};

	shim_limit_main_fs = shim_fs();
	if (!shim_thread_get() || !order(&request))
		shim_message("functions have no limits", rules ? "INGER_LIMITS" : "INGER_CONFIG", gotcha_reason());
	else if (shim_limit_rule_count)
		shim_limits_on = true;
	shim_limit_cxx = shim_loader_symbol("__cxa_get_globals");
}

void shim_limits_loaded(void)
{
	static _Atomic bool told; /* a forked child that opens name services would say it for each of them */
	struct shim_limit_request request = {0};

	if (!shim_limits_on)
		return;
	if (!shim_limit_cxx)
		shim_limit_cxx = shim_loader_symbol("__cxa_get_globals");
	if (!order(&request) && !atomic_exchange(&told, true))
		shim_message("functions of new libraries have no limits", "INGER_LIMITS", gotcha_reason());
}

void *shim_limits_symbol(const char *symbol, void *address)
{
	struct shim_limit_request request = {.symbol = symbol, .address = (uint64_t)address};

	if (!shim_limits_on || !address || !symbol || !order(&request))
		return address;
	return (void *)request.address;
}

void shim_limits_print(int fd)
{
	char line[600], *at, *end = line + sizeof line - 1;

	for (uint32_t i = 0; i < shim_limit_rule_count; i++) {
		if (shim_limit_rules[i].functions)
			continue;
		at = line;
		shim_write_text(&at, end, "libinger: limit ");
		shim_write_text(&at, end, shim_limit_rules[i].text);
		shim_write_text(&at, end, ": no function that was called through the linker matches");
		*at++ = '\n';
		shim_syscall3(SYS_write, fd, line, at - line);
	}
	for (const struct shim_limit *l = shim_limit_functions; l; l = l->next) {
		if (!l->calls)
			continue;
		at = line;
		shim_write_text(&at, end, "libinger: limit ");
		shim_write_text(&at, end, l->name);
		shim_write_text(&at, end, " calls=");
		shim_write_number(&at, end, l->calls);
		shim_write_text(&at, end, " used_up=");
		shim_write_number(&at, end, l->used_up);
		shim_write_text(&at, end, " longest_us=");
		shim_write_tenths(&at, end, shim_ticks_to_ns(l->longest));
		*at++ = '\n';
		shim_syscall3(SYS_write, fd, line, at - line);
	}
}
