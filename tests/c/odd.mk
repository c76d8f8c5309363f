# SPDX-License-Identifier: Apache-2.0
# odd.mk - the libraries of odd_*.c. Included by tests.mk.

$(tests_c)/libodd_hash.so: tests/c/odd_hash_lib.c tests/c/odd.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,--hash-style=sysv
$(tests_c)/odd_hash $(tests_c)/odd_hash.preload: | $(tests_c)/libodd_hash.so
