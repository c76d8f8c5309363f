/* SPDX-License-Identifier: Apache-2.0 */
/* libs_sqlite: a hundred functions make databases of their own, in memory and in files, and query them, with errors among
 * the statements; paused in turn, each gets what it would get alone. */
#include <sqlite3.h>
#include "libs.h"

static char folder[] = "/tmp/libs_sqlite.XXXXXX";

/* Program code that the library calls: a function for statements, an order, and the row that sqlite3_exec() found. */
static void mixed(sqlite3_context *context, int count, sqlite3_value **values)
{
	if (count == 1 && sqlite3_value_type(values[0]) == SQLITE_NULL)
		sqlite3_result_error(context, "mixed() of nothing", -1);
	else
		sqlite3_result_int64(context, (sqlite3_int64)(work((uint64_t)sqlite3_value_int64(values[0]), 20) >> 40));
}
static int backwards(void *unused, int a_size, const void *a, int b_size, const void *b)
{
	(void)unused;
	int order = memcmp(b, a, (size_t)(a_size < b_size ? a_size : b_size));
	return order ? order : b_size - a_size;
}
static int add_row(void *digest_, int columns, char **values, char **names)
{
	uint64_t *digest = digest_;
	for (int i = 0; i < columns; i++)
		*digest = libs_digest_text(libs_digest_text(*digest, names[i]), values[i]);
	return 0;
}

static uint64_t run(sqlite3 *db, uint64_t digest, const char *statements)
{
	char *message = NULL;
	digest = libs_digest_number(digest, sqlite3_exec(db, statements, add_row, &digest, &message));
	digest = libs_digest_text(digest, message);
	sqlite3_free(message);
	return digest;
}

static uint64_t insert(sqlite3 *db, uint64_t digest, int number)
{
	sqlite3_stmt *statement;
	char word[32];
	int status = sqlite3_prepare_v2(db, "insert into t values(?1, ?2, ?3, ?4)", -1, &statement, NULL);
	for (int i = 0; i < 20 && (status == SQLITE_OK || status == SQLITE_DONE); i++) {
		snprintf(word, sizeof word, "word %d", (i * 7 + number) % 13);
		sqlite3_bind_int(statement, 1, i);
		sqlite3_bind_text(statement, 2, word, -1, SQLITE_TRANSIENT);
		sqlite3_bind_double(statement, 3, i * 0.37 + number);
		sqlite3_bind_blob(statement, 4, word, i % 6, SQLITE_TRANSIENT);
		status = sqlite3_step(statement);
		sqlite3_reset(statement);
	}
	digest = libs_digest_number(digest, status);
	return libs_digest_number(digest, sqlite3_finalize(statement));
}

/* In-memory and, each tenth, in a file. Its locks hold between processes, so two copies of the library in one process
 * must not have the same file open: each time is a file of its own. */
static void name_database(int number, char *name, size_t size)
{
	static int files;
	if (number % 10 == 9)
		snprintf(name, size, "%s/%d.db", folder, __atomic_add_fetch(&files, 1, __ATOMIC_RELAXED));
	else
		snprintf(name, size, ":memory:");
}

static uint64_t once_counted(int number, bool *failed)
{
	static const char *const queries[] = {
		"select b, count(*), sum(c), group_concat(a), printf('%08.3f|%s', avg(c), hex(d)) from t"
		" group by b order by b collate backwards",
		"with recursive n(i, f) as (select 1, 1 union all select i + 1, f * (i + 1) from n where i < 15) select i, f from n",
		"select x.a, y.a, mixed(x.a * y.a) m from t x join t y on x.b = y.b where x.a < y.a order by m limit 9",
		"select a, datetime(a * 86400 + 1700000000, 'unixepoch'), strftime('%j %W', 2460000 + a), round(c, 2) from t"
		" where b like 'WORD 1%'",
		"select b, rank() over (partition by length(b) order by c desc), json_group_array(a) from t group by b",
	};
	/* Statements that fail: in the parser, at the names, at a constraint, and in the program's own function. */
	static const char *const faulty[] = {
		"selec nothing from t", "select nothing from t", "insert into t values(3, 'again', 0, null)", "select mixed(null) from t",
	};
	char name[sizeof folder + 16];
	sqlite3 *db;
	name_database(number, name, sizeof name);
	uint64_t digest = libs_digest_number(0, sqlite3_open(name, &db));
	sqlite3_create_function(db, "mixed", 1, SQLITE_UTF8, NULL, mixed, NULL, NULL);
	sqlite3_create_collation(db, "backwards", SQLITE_UTF8, NULL, backwards);
	digest = run(db, digest, "pragma synchronous = off; create table t(a integer primary key, b text, c real, d blob);"
		"create index t_b on t(b); begin");
	digest = insert(db, digest, number);
	digest = run(db, digest, number % 3 == 2 ? "savepoint s; delete from t where a % 2; rollback to s; commit" : "commit");
	digest = run(db, digest, queries[number % 5]);
	if (number % 4 == 3) {
		digest = run(db, digest, faulty[number / 4 % 4]);
		*failed = sqlite3_errcode(db) != SQLITE_OK;
		digest = libs_digest_number(digest, sqlite3_extended_errcode(db));
	} else {
		*failed = sqlite3_errcode(db) != SQLITE_OK;
	}
	digest = run(db, digest, "update t set c = -c where a > 10; select count(*), total(c), max(b) from t");
	digest = libs_digest_number(digest, sqlite3_total_changes(db) > 0);
	digest = libs_digest_number(digest, sqlite3_close(db));
	if (name[0] == '/' && unlink(name) != 0)
		digest++;
	return digest;
}

static uint64_t once(int number)
{
	bool failed;
	return once_counted(number, &failed);
}

static char kept[sizeof folder + 16];
static void keep(void *arg)
{
	sqlite3 *db;
	*(uint64_t *)arg = (uint64_t)sqlite3_open(kept, &db);
	*(uint64_t *)arg = run(db, *(uint64_t *)arg, "create table t(a integer primary key, b text, c real, d blob)");
	*(uint64_t *)arg = insert(db, *(uint64_t *)arg, 7);
	sqlite3_close(db);
}

static int count(void *number, int columns, char **values, char **names)
{
	(void)columns, (void)names;
	*(int *)number = atoi(values[0]);
	return 0;
}

int main(void)
{
	int failures = 0, different = 0, rows = 0;
	bool failed;
	uint64_t digest;
	sqlite3 *db;
	plan(4 + LIBS_TESTS);
	if (!mkdtemp(folder))
		bail("mkdtemp");
	for (int i = 0; i < LIBS_TASKS; i++) {
		different += once_counted(i, &failed) != once((i + 1) % LIBS_TASKS);
		failures += failed;
	}
	is_int(failures, LIBS_TASKS / 4, "one in four functions has a statement that fails");
	is_int(different, LIBS_TASKS, "they find different things");
	libs_run("SQL queries", once);
	snprintf(kept, sizeof kept, "%s/kept.db", folder);
	run_sliced(keep, &digest, LIBS_BUDGET_US);
	if (sqlite3_open(kept, &db) == SQLITE_OK)
		sqlite3_exec(db, "select count(*) from t", count, &rows, NULL);
	sqlite3_close(db);
	unlink(kept);
	is_int(rows, 20, "the program reads what a function left in a file");
	is_int(rmdir(folder), 0, "no other file is left");
	return done();
}
