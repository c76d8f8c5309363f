/* SPDX-License-Identifier: Apache-2.0 */
/* hand_lua.c - a yield each thousand instructions of the interpreter, not of C functions that a script calls. A coroutine
 * takes the hook of the one that makes it. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

#include "instead.h"

enum { INSTRUCTIONS = 1000 };

static void each(lua_State *lua, lua_Debug *where) {
	(void)where;
	if (!coop_yield())
		luaL_error(lua, "stopped");
}

bool hand_lua(void *lua);
bool hand_lua(void *lua) {
	lua_sethook(lua, each, LUA_MASKCOUNT, INSTRUCTIONS);
	return true;
}
