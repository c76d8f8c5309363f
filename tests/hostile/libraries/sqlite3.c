/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite3 (libsqlite3-dev: -lsqlite3): makes a database in memory, with an index, and asks it */
#include "library.h"
#include <sqlite3.h>

static int add_row(void *result, int columns, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < columns; i++)
		*(uint64_t *)result = digest_text(*(uint64_t *)result, values[i]);
	return 0;
}

static uint64_t work(int number)
{
	char text[600];
	sqlite3 *db;
	uint64_t result = digest_number(0, sqlite3_open(":memory:", &db));
	snprintf(text, sizeof text,
		 "create table t(a integer primary key, b text, c real); create index t_b on t(b); begin;"
		 "with recursive n(i) as (select 1 union all select i + 1 from n where i < 150)"
		 " insert into t select i, printf('word %%d', (i * %d) %% 31), i * 0.25 from n; commit;"
		 "select b, count(*), sum(c) from t group by b order by 3 desc, 1; select count(*) from t where b like 'WORD 1%%'",
		 number + 7);
	result = digest_number(result, sqlite3_exec(db, text, add_row, &result, NULL));
	return digest_number(result, sqlite3_close(db));
}

LIBRARY(sqlite3, work)
