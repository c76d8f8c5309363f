/* SPDX-License-Identifier: Apache-2.0 */
/* work_sqlite.c - open a database, make a query, give its rows as text. Bad: a recursive expression without an end, a join
 * of everything with everything, and one function call that takes long by itself. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness.h"
#include "inputs.h"

enum { ORDERS = 4000, CUSTOMERS = 200 };

struct text {
	char *at;
	size_t have, room;
};

static bool add(struct text *t, const char *bytes, size_t size) {
	if (t->have + size > t->room) {
		size_t room = (t->have + size) * 2;
		char *larger = realloc(t->at, room);
		if (!larger)
			return false;
		t->at = larger;
		t->room = room;
	}
	memcpy(t->at + t->have, bytes, size);
	t->have += size;
	return true;
}

static const char *database(void) {
	static char path[512];
	snprintf(path, sizeof(path), "%s/work.db", work_directory());
	return path;
}

static void run(struct job *job) {
	sqlite3 *db = NULL;
	sqlite3_stmt *query = NULL;
	struct text rows = { 0 };
	int status = sqlite3_open_v2(database(), &db, SQLITE_OPEN_READONLY, NULL);
	if (!status && job->place)
		job->place(db);
	if (!status)
		status = sqlite3_prepare_v2(db, (const char *)job->input, (int)job->input_bytes, &query, NULL);
	while (!status && (status = sqlite3_step(query)) == SQLITE_ROW) {
		status = SQLITE_OK;
		for (int i = 0; i < sqlite3_column_count(query) && !status; i++) {
			const char *value = (const char *)sqlite3_column_text(query, i);
			if (!add(&rows, value ? value : "", (size_t)sqlite3_column_bytes(query, i)) || !add(&rows, "\t", 1))
				status = SQLITE_NOMEM;
		}
	}
	sqlite3_finalize(query);
	sqlite3_close(db);
	if (status != SQLITE_DONE) {
		free(rows.at);
		return;
	}
	job->output = (unsigned char *)rows.at;
	job->output_bytes = rows.have;
}

/* %d is a number of the seed's. */
static const char *const good[] = {
	"SELECT customer, count(*), sum(cents) FROM orders WHERE id %% 7 <> %d GROUP BY customer",
	"SELECT name, sum(cents) FROM orders JOIN customers ON customer = customers.id WHERE customers.id > %d GROUP BY name",
	"SELECT id, note FROM orders WHERE note LIKE '%%pause%%' AND cents > %d * 100",
	"SELECT id, cents, rank() OVER (PARTITION BY customer ORDER BY cents DESC) FROM orders WHERE customer < 10 + %d",
	"WITH RECURSIVE c(x) AS (SELECT %d UNION ALL SELECT x + 1 FROM c LIMIT 2000) SELECT sum(x), max(x) FROM c",
	"SELECT upper(note), length(note) FROM orders ORDER BY note, id LIMIT 200 OFFSET %d",
	"SELECT group_concat(id, ',') FROM orders WHERE customer = %d",
	"SELECT count(DISTINCT note), avg(cents) FROM orders WHERE cents BETWEEN %d AND 90000",
};

static const char *const bad[] = {
	"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
	"SELECT a.note || b.note || c.note FROM orders a, orders b, orders c ORDER BY 1 LIMIT 1",
	/* One instruction of sqlite's machine, which compares all places: long, not endless. */
	"SELECT instr(zeroblob(200000), cast(zeroblob(100000) || x'01' AS blob))",
};

static void must(sqlite3 *db, const char *statement) {
	if (sqlite3_exec(db, statement, NULL, NULL, NULL))
		die("make a database", sqlite3_errmsg(db), 0);
}

static void make(struct inputs *inputs, uint64_t *random) {
	static const char *const notes[] = { "urgent", "pause the rest", "gift", "call before", "resume in May", "none" };
	char statement[512];
	sqlite3 *db;
	if (sqlite3_open(database(), &db))
		die("make a database", database(), 0);
	must(db, "PRAGMA synchronous = OFF; BEGIN; CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT);"
	         "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, cents INTEGER, note TEXT);"
	         "CREATE TABLE written(at INTEGER)");
	for (int i = 0; i < CUSTOMERS; i++) {
		snprintf(statement, sizeof(statement), "INSERT INTO customers VALUES(%d, 'customer %d')", i, i * 7919 % 1000);
		must(db, statement);
	}
	for (int i = 0; i < ORDERS; i++) {
		uint64_t r = random_next(random);
		snprintf(statement, sizeof(statement), "INSERT INTO orders VALUES(%d, %d, %d, '%s %d')", i, (int)(r % CUSTOMERS),
		         (int)(r >> 20 & 0xfffff) % 100000, notes[(r >> 40) % 6], (int)(r >> 44 & 63));
		must(db, statement);
	}
	must(db, "CREATE INDEX by_customer ON orders(customer); COMMIT");
	sqlite3_close(db);
	for (int i = 0; i < 16; i++) {
		int n = snprintf(statement, sizeof(statement), good[i % 8], (int)(random_next(random) % 6) + 1);
		inputs_good(inputs, statement, (size_t)n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		inputs_bad(inputs, bad[i], strlen(bad[i]));
}

/* A write needs the lock that readers have: one that a query was stopped with is never let go of. */
static const char *broken(void) {
	sqlite3 *db = NULL;
	int status = sqlite3_open(database(), &db);
	if (!status)
		status = sqlite3_exec(db, "INSERT INTO written VALUES(1)", NULL, NULL, NULL);
	static char why[64];
	snprintf(why, sizeof(why), "write:%s", sqlite3_errstr(status));
	sqlite3_close(db);
	return status ? why : NULL;
}

bool hand_sqlite(void *db) __attribute__((weak));
const struct work work_sqlite = { .name = "sqlite", .run = run, .make = make, .broken = broken, .place = hand_sqlite };
