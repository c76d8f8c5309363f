/* SPDX-License-Identifier: Apache-2.0 */
/* lua (liblua5.4-dev: lua5.4): runs a script with tables, closures, coroutines and errors that are caught */
#include "library.h"
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static const char script[] =
	"local n = ...\n"
	"local t = {}\n"
	"for i = 1, 300 do t[i] = (i * 7 + n) % 101 end\n"
	"table.sort(t)\n"
	"local co = coroutine.wrap(function() for i = 1, 50 do coroutine.yield(t[i]) end end)\n"
	"local s = {}\n"
	"for i = 1, 50 do s[#s + 1] = co() end\n"
	"for i = 1, 20 do local ok, e = pcall(error, {i}) s[#s + 1] = e[1] end\n"
	"return table.concat(s, ',') .. string.rep('x', n):gsub('x', 'yz')\n";

static uint64_t work(int number)
{
	lua_State *state = luaL_newstate();
	luaL_openlibs(state);
	uint64_t result = digest_number(0, luaL_loadstring(state, script));
	lua_pushinteger(state, number);
	result = digest_number(result, lua_pcall(state, 1, 1, 0));
	result = digest_text(result, lua_tostring(state, -1));
	lua_close(state);
	return result;
}

LIBRARY(lua, work)
