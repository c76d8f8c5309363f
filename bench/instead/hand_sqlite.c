/* SPDX-License-Identifier: Apache-2.0 */
/* hand_sqlite.c - a yield each so many instructions of sqlite's machine. One instruction can be a function with megabytes to
 * work on. */
#include <sqlite3.h>

#include "instead.h"

enum { INSTRUCTIONS = 1000 };

static int each(void *unused) {
	(void)unused;
	return !coop_yield();
}

bool hand_sqlite(void *db);
bool hand_sqlite(void *db) {
	sqlite3_progress_handler(db, INSTRUCTIONS, each, NULL);
	return true;
}
