/* SPDX-License-Identifier: Apache-2.0 */
/* db (libdb-dev: -ldb): makes a tree in memory, puts, gets and walks */
#include "library.h"
#include <db.h>

static uint64_t work(int number)
{
	DB *db;
	DBC *cursor;
	uint64_t result = digest_number(0, db_create(&db, NULL, 0));
	result = digest_number(result, db->open(db, NULL, NULL, NULL, DB_BTREE, DB_CREATE, 0));
	for (int i = 0; i < 300; i++) {
		int key_value = (i * 37 + number) % 301;
		DBT key = { .data = &key_value, .size = sizeof key_value }, value = { .data = &i, .size = sizeof i };
		result = digest_number(result, db->put(db, NULL, &key, &value, 0));
	}
	db->cursor(db, NULL, &cursor, 0);
	DBT key = { 0 }, value = { 0 };
	while (cursor->get(cursor, &key, &value, DB_NEXT) == 0)
		result = digest(result, value.data, value.size);
	cursor->close(cursor);
	return digest_number(result, db->close(db, 0));
}

LIBRARY(db, work)
