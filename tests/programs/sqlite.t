#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sqlite.t: a database engine: a virtual machine, B-trees, a page cache, file locks.
. "$(dirname "$0")/lib.sh"

numbers='WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)'
cat >"$DATA/memory.sql" <<-SQL
	CREATE TABLE t(i INTEGER PRIMARY KEY, k TEXT, v REAL);
	$(printf "$numbers" 60000) INSERT INTO t SELECT i, 'key' || (i * 7919 % 10007), i * 1.25 FROM n;
	CREATE INDEX tk ON t(k);
	SELECT count(*), sum(v), min(k), max(k) FROM t;
	SELECT k, count(*) c, sum(v) FROM t GROUP BY k HAVING c > 5 ORDER BY k LIMIT 20;
	SELECT count(*) FROM t a JOIN t b ON a.k = b.k WHERE a.i < b.i;
	SELECT k FROM t WHERE k LIKE '%99%' ORDER BY v DESC LIMIT 10;
SQL
cat >"$DATA/file.sql" <<-SQL
	PRAGMA journal_mode = WAL;
	CREATE TABLE t(i INTEGER PRIMARY KEY, k TEXT);
	BEGIN;
	$(printf "$numbers" 30000) INSERT INTO t SELECT i, hex(i * i) FROM n;
	COMMIT;
	UPDATE t SET k = k || 'x' WHERE i % 3 = 0;
	DELETE FROM t WHERE i % 7 = 0;
	VACUUM;
	PRAGMA integrity_check;
	SELECT count(*), max(k) FROM t;
SQL

same -i "$DATA/memory.sql" 'a database in memory' -- sqlite3 :memory:
modes 50us 100us 50us+torture
same -i "$DATA/file.sql" 'a database in a file' -- sqlite3 db
modes 50us 50us+torture
same 'a recursive query' -- sqlite3 :memory: "$(printf "$numbers" 700000) SELECT sum(i * i % 97), count(DISTINCT i % 1009) FROM n;"
same -s 'exit 1' 'an error' -- sqlite3 :memory: 'SELECT * FROM missing;'
same 'two writers wait for each other' -- bash -c '
	sqlite3 db "CREATE TABLE t(w, i);"
	for w in 1 2; do
		{ for i in {1..8}; do echo "INSERT INTO t VALUES($w, $i);"; done; } | sqlite3 -cmd ".timeout 20000" db &
	done
	wait
	sqlite3 db "SELECT w, count(*), sum(i) FROM t GROUP BY w;"'
same 'dump and restore' -- bash -c 'sqlite3 a <"$1" >/dev/null; sqlite3 a .dump | sqlite3 b; sqlite3 a .dump | md5sum; sqlite3 b .dump | md5sum' - "$DATA/file.sql"
finish
