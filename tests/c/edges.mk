# SPDX-License-Identifier: Apache-2.0
# edges.mk - the libraries of handler_launch.c and deepbind.c. Included by tests.mk.

$(tests_c)/handler_launch $(tests_c)/handler_launch.preload: $(tests_c)/libhandler_launch.so
$(tests_c)/handler_launch $(tests_c)/handler_launch.preload: tests_c_libs := -L$(tests_c) -lhandler_launch -Wl,-rpath,'$$ORIGIN'

$(tests_c)/libdeepbind_own.so: tests/c/deepbind_own_lib.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fno-builtin -fPIC -shared -o $@ $<
$(tests_c)/libdeepbind.so: tests/c/deepbind_lib.c tests/c/deepbind_lib.h $(tests_c)/libdeepbind_own.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fno-builtin -fPIC -shared -o $@ $< -Wl,-z,lazy -L$(tests_c) -ldeepbind_own -Wl,-rpath,'$$ORIGIN'
$(tests_c)/deepbind $(tests_c)/deepbind.preload: | $(tests_c)/libdeepbind.so
