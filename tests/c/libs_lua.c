/* SPDX-License-Identifier: Apache-2.0 */
/* libs_lua: a hundred functions run Lua scripts, some of which end in an error, which is a longjmp() through the library
 * and through functions of the program; paused in turn, each gets what it would get alone. */
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include "libs.h"

static const char *const scripts[] = {
	/* strings and patterns */
	"local t = {} for w in ('the quick brown fox jumps over ' .. number):gmatch('%w+') do t[#t + 1] = w:upper():reverse() end\n"
	"for i = 1, 20 do t[#t + 1] = string.format('%5.2f|%-6s|%q|%x', i / 7 + number, i, 'a\\n' .. i, i * 255) end\n"
	"return (table.concat(t, ';'):gsub('%d+', function(d) return '<' .. d .. '>' end))",
	/* closures, tables and an order of the script's own */
	"local t = {} for i = 1, 60 do t[i] = (i * 7919 + number * 31) % 101 end\n"
	"table.sort(t, function(a, b) return a > b end)\n"
	"local s = 0 for i, v in ipairs(t) do s = s * 3 % 1000003 + v end return s, t[1], t[#t], #t",
	/* coroutines */
	"local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i * number) end end) end\n"
	"local s = 0 for v in gen(40) do s = s + v end return s",
	/* objects, and their collection */
	"local P = {} P.__index = P P.__add = function(a, b) return setmetatable({ x = a.x + b.x }, P) end\n"
	"P.__tostring = function(p) return 'P(' .. p.x .. ')' end\n"
	"local p = setmetatable({ x = number }, P) for i = 1, 100 do p = p + setmetatable({ x = i }, P) end\n"
	"collectgarbage() return tostring(p)",
	/* a function of the program calls the script back */
	"local calls = 0 local sum = each(30, function(i) calls = calls + 1 return i * i % (number + 2) end) return calls, sum",
	/* dates and numbers: libc's broken-down time and floating point text */
	"local t = os.date('!*t', number * 86400 * 37 + 1000000000)\n"
	"return t.year, t.yday, os.date('!%A %d %B %Y %H:%M:%S', number * 777777), tostring(number / 3),"
	" tonumber('0x1p4') // 3, math.floor(-number / 7)",
	/* loading more code */
	"local f = load('local a, b = ... return function(c) return a * b + c end')\n"
	"return f(number, 3)(4), #string.dump(f), select('#', table.unpack({1, 2, 3}))",
	/* errors that the script catches */
	"local ok, e = pcall(error, { code = number })\n"
	"local ok2, e2 = pcall(each, 5, function(i) if i == 3 then error('third ' .. number, 0) end return i end)\n"
	"local ok3, e3 = xpcall(function() return nil + 1 end, function(m) return 'handled: ' .. m end)\n"
	"return ok, e.code, ok2, e2, ok3, e3",
	/* an error in a callback, which leaves the script */
	"each(9, function(i) if i == 7 then error('out of ' .. i .. ' with ' .. number) end return i end) return 'not reached'",
	/* an error of the compiler */
	"local x = = number",
};
#define SCRIPTS (int)(sizeof scripts / sizeof *scripts)

/* each(n, f) - the sum of f(1) to f(n). */
static int each(lua_State *lua)
{
	lua_Integer sum = 0, last = luaL_checkinteger(lua, 1);
	luaL_checktype(lua, 2, LUA_TFUNCTION);
	for (lua_Integer i = 1; i <= last; i++) {
		lua_pushvalue(lua, 2);
		lua_pushinteger(lua, i);
		lua_call(lua, 1, 1); /* an error in there jumps over this frame */
		sum += lua_tointeger(lua, -1);
		lua_pop(lua, 1);
	}
	lua_pushinteger(lua, sum);
	return 1;
}

static uint64_t once_counted(int number, int *status)
{
	uint64_t digest = 0;
	lua_State *lua = luaL_newstate();
	if (!lua)
		return 0;
	luaL_openlibs(lua);
	lua_register(lua, "each", each);
	lua_pushinteger(lua, number);
	lua_setglobal(lua, "number");
	*status = luaL_loadbuffer(lua, scripts[number % SCRIPTS], strlen(scripts[number % SCRIPTS]), "=script");
	if (*status == LUA_OK)
		*status = lua_pcall(lua, 0, LUA_MULTRET, 0);
	digest = libs_digest_number(digest, *status);
	for (int i = 1; i <= lua_gettop(lua); i++) {
		digest = libs_digest_text(digest, luaL_tolstring(lua, i, NULL));
		lua_pop(lua, 1);
	}
	lua_close(lua);
	return digest;
}

static uint64_t once(int number)
{
	int status;
	return once_counted(number, &status);
}

int main(void)
{
	int ran = 0, failed = 0, refused = 0, different = 0;
	plan(4 + LIBS_TESTS);
	for (int i = 0; i < LIBS_TASKS; i++) {
		int status;
		different += once_counted(i, &status) != once((i + SCRIPTS) % LIBS_TASKS);
		ran += status == LUA_OK;
		failed += status == LUA_ERRRUN;
		refused += status == LUA_ERRSYNTAX;
	}
	is_int(ran, LIBS_TASKS / SCRIPTS * (SCRIPTS - 2), "most scripts run to their end");
	is_int(failed, LIBS_TASKS / SCRIPTS, "one in ten ends in an error");
	is_int(refused, LIBS_TASKS / SCRIPTS, "one in ten is refused");
	ok(different >= LIBS_TASKS * 3 / 4, "they find different things (%d)", different);
	libs_run("Lua scripts", once);
	return done();
}
