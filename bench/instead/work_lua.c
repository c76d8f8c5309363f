/* SPDX-License-Identifier: Apache-2.0 */
/* work_lua.c - run a Lua script in a state of its own; the output is the string that it returns. Bad: scripts that never
 * end, in the interpreter, in the allocator and in libc, and one whose pattern keeps string.find() busy for long. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs.h"

static void run(struct job *job) {
	lua_State *lua = luaL_newstate();
	if (!lua)
		return;
	luaL_openlibs(lua);
	if (job->place)
		job->place(lua);
	size_t bytes;
	const char *text;
	if (!luaL_loadbuffer(lua, (const char *)job->input, job->input_bytes, "script") && !lua_pcall(lua, 0, 1, 0) &&
	    (text = lua_tolstring(lua, -1, &bytes)) && (job->output = malloc(bytes))) {
		memcpy(job->output, text, bytes);
		job->output_bytes = bytes;
	}
	lua_close(lua);
}

/* %d is a number of the seed's. */
static const char *const good[] = {
	"local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return 'fib ' .. f(16 + %d %% 3)",
	"local t, n = {}, 1200 for i = 2, n do t[i] = true end for i = 2, n do if t[i] then for j = i * i, n, i do t[j] = false "
	"end end end local s = {} for i = 2, n do if t[i] then s[#s + 1] = i end end return table.concat(s, ',') .. %d",
	"local s, t = %d, {} for i = 1, 900 do s = (s * 1103515245 + 12345) %% 2147483648 t[i] = s end table.sort(t) "
	"return table.concat(t, ' ')",
	"local s = string.rep('key=value; other=%d; ', 120) local n, r = 0, {} for k, v in s:gmatch('(%%w+)=(%%w+)') do n = n + #k "
	"r[#r + 1] = v:upper() end return n .. table.concat(r)",
	"local out = {} for i = 1, 400 do out[i] = string.format('%%05d %%-8s %%x', i, 'row' .. i, i * %d) end "
	"return table.concat(out, '\\n')",
	"local out = {} for i = 1, 60 do out[i] = os.date('!%%Y-%%m-%%d %%H:%%M', i * 86400 + %d) end return table.concat(out, ' ')",
	"local m = {} for i = 1, 24 do m[i] = {} for j = 1, 24 do m[i][j] = i * j + %d end end local s = 0 for i = 1, 24 do "
	"for j = 1, 24 do for k = 1, 24 do s = (s + m[i][k] * m[k][j]) %% 1000003 end end end return 'sum ' .. s",
	"local co = coroutine.wrap(function() for i = 1, 2000 do coroutine.yield(i * %d) end return 0 end) local s = 0 "
	"for i = 1, 2000 do s = s + co() end return 'sum ' .. s",
};

static const char *const bad[] = {
	"while true do end",
	"local t = {} while true do t[#t % 1000 + 1] = string.rep('x', #t % 300) .. #t end",
	"local t = {} while true do t[#t % 100 + 1] = os.date('%c') .. #t end",
	"return string.find(string.rep('a', 75), '.-.-.-.-b') or 'none'", /* ends by itself, long after */
};

static void make(struct inputs *inputs, uint64_t *random) {
	char script[1024];
	for (int i = 0; i < 16; i++) {
		int n = snprintf(script, sizeof(script), good[i % 8], (int)(random_next(random) % 9000) + 7);
		inputs_good(inputs, script, (size_t)n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		inputs_bad(inputs, bad[i], strlen(bad[i]));
}

bool hand_lua(void *lua) __attribute__((weak));
const struct work work_lua = { .name = "lua", .run = run, .make = make, .place = hand_lua };
