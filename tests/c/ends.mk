# SPDX-License-Identifier: Apache-2.0
# ends.mk - the library of ends_*.c, and two libraries that differ in the size of their thread-local data. Included by tests.mk.

ends_runs := $(foreach name,libset close once threads timers,$(tests_c)/ends_$(name) $(tests_c)/ends_$(name).preload)
$(tests_c)/libends.so: tests/c/ends_lib.c tests/c/ends.h tests/c/ends.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -fexceptions -shared -o $@ $< -Wl,-soname,$(@F)
$(ends_runs): $(tests_c)/libends.so
$(ends_runs): private tests_c_libs := -L$(tests_c) -lends -Wl,-rpath,'$$ORIGIN'

ends_modules := $(foreach size,64 100000,$(tests_c)/libends_module$(size).so)
$(ends_modules): $(tests_c)/libends_module%.so: tests/c/ends_module_lib.c tests/c/ends.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -DSIZE=$* -fPIC -shared -o $@ $<
$(tests_c)/ends_module $(tests_c)/ends_module.preload: | $(ends_modules)
$(tests_c)/ends_requests $(tests_c)/ends_requests.preload: private tests_c_libs := -lanl -lrt
