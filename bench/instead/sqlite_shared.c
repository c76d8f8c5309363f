/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_shared.c - the smallest form of what the way inger_shared does to sqlite. The library has a list of its open files in
 * a static variable; cancel() frees the block that the function has put there. The next who opens that file finds it: it is
 * refused the lock, waits forever for a mutex that is no more, or crashes, by what is in the block meanwhile. Isolated
 * (with any argument), the list goes with the libset. Not run by the benchmark: make build/bench/sqlite_shared */
#include <inger.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/tmp/inger-sqlite-shared.db"

static void query(void *unused) {
	sqlite3 *db;
	(void)unused;
	sqlite3_open(PATH, &db);
	sqlite3_exec(db, "SELECT count(*) FROM t a, t b, t c WHERE a.x + b.x + c.x = 7", NULL, NULL, NULL);
	sqlite3_close(db);
}

int main(int argc, char **argv) {
	struct inger_attr attr = INGER_ATTR_INIT;
	sqlite3 *db;
	(void)argv;
	attr.isolation = argc > 1 ? INGER_ISOLATED : INGER_SHARED; /* any argument: the way that works */
	unlink(PATH);
	sqlite3_open(PATH, &db);
	sqlite3_exec(db, "CREATE TABLE t(x); INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3000) "
	                 "SELECT x FROM c", NULL, NULL, NULL);
	sqlite3_close(db);
	fprintf(stderr, "cancelled: %s\n", strerror(inger_call(query, NULL, 10000, &attr)));
	fprintf(stderr, "open the same file: ");
	sqlite3_open(PATH, &db); /* shared: waits forever for a mutex in a freed block, or crashes */
	fprintf(stderr, "write: %s\n", sqlite3_errstr(sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL)));
	sqlite3_close(db);
	unlink(PATH);
	return 0;
}
