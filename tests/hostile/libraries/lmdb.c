/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb (liblmdb-dev: lmdb): maps a database, puts and gets in transactions */
#include "library.h"
#include <lmdb.h>
#include <unistd.h>

static uint64_t work(int number)
{
	char path[] = "/tmp/hostile_lmdb.XXXXXX";
	int file = mkstemp(path);
	MDB_env *env;
	MDB_txn *transaction;
	MDB_dbi dbi;
	uint64_t result = 0;
	close(file);
	mdb_env_create(&env);
	result = digest_number(result, mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOLOCK, 0600));
	result = digest_number(result, mdb_txn_begin(env, NULL, 0, &transaction));
	mdb_dbi_open(transaction, NULL, MDB_CREATE, &dbi);
	for (int i = 0; i < 200; i++) {
		int number_key = (i * 37 + number) % 211;
		MDB_val key = { sizeof number_key, &number_key }, value = { sizeof i, &i };
		result = digest_number(result, mdb_put(transaction, dbi, &key, &value, 0));
	}
	result = digest_number(result, mdb_txn_commit(transaction));
	mdb_txn_begin(env, NULL, MDB_RDONLY, &transaction);
	for (int i = 0; i < 200; i++) {
		MDB_val key = { sizeof i, &i }, value = { 0, NULL };
		if (mdb_get(transaction, dbi, &key, &value) == 0)
			result = digest(result, value.mv_data, value.mv_size);
	}
	mdb_txn_abort(transaction);
	mdb_env_close(env);
	unlink(path);
	return result;
}

LIBRARY(lmdb, work)
