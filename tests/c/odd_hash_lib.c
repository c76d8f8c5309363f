/* SPDX-License-Identifier: Apache-2.0 */
/* odd_hash_lib.c - a library with the old hash table only; see odd.mk. */
int odd_hash_variable;
int odd_hash_count(void);

int odd_hash_count(void)
{
	return ++odd_hash_variable;
}
