/* SPDX-License-Identifier: Apache-2.0 */
/* gdbm (libgdbm-dev: -lgdbm): makes a file, stores and fetches */
#include "library.h"
#include <gdbm.h>
#include <unistd.h>

static uint64_t work(int number)
{
	char path[] = "/tmp/hostile_gdbm.XXXXXX";
	int file = mkstemp(path);
	uint64_t result = 0;
	close(file);
	GDBM_FILE db = gdbm_open(path, 0, GDBM_NEWDB | GDBM_NOLOCK, 0600, NULL);
	for (int i = 0; db && i < 100; i++) {
		datum key = { (char *)&i, sizeof i }, value = { (char *)&number, sizeof number };
		result = digest_number(result, gdbm_store(db, key, value, GDBM_REPLACE));
		datum back = gdbm_fetch(db, key);
		result = digest(result, back.dptr, (size_t)back.dsize);
		free(back.dptr);
	}
	if (db)
		gdbm_close(db);
	unlink(path);
	return result;
}

LIBRARY(gdbm, work)
