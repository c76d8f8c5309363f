# SPDX-License-Identifier: Apache-2.0
# tests.mk - the C tests: `make test-c` builds and runs all of them, `make test-c-clocks` some of them
# with each clock; TESTS='nesting heap_storm.preload' runs some.
# Each tests/c/NAME.c becomes build/tests/NAME, linked with the library, and build/tests/NAME.preload, which knows
# nothing of it until LD_PRELOAD brings it in.

BUILD ?= build
CXX ?= g++

tests_c := $(BUILD)/tests
# -O2 as real programs are; frame pointers are left to the compiler, since pausing must not depend on them.
tests_c_flags := -D_GNU_SOURCE -O2 -g -Wall -Wextra -Iinclude -Itests/c -pthread
# Named even by the program that calls none of it.
tests_c_link := -L$(BUILD) -Wl,--push-state,--no-as-needed -linger -Wl,--pop-state -Wl,-rpath,'$$ORIGIN/..'
tests_c_headers := include/inger.h include/gotcha.h tests/c/tests.mk $(wildcard tests/c/*.h)

# Programs that open the library themselves, so that there is one way to run them only.
tests_c_late := late_dlopen threads_before shutdown_late
# Not TAP programs: a script of the same name runs each.
tests_c_parts := crash_inside allocators_inside own_malloc_inside
tests_c_shared := $(tests_c)/libnames_clash.so $(tests_c)/libctypes_spin.so $(tests_c)/libisolate_lib.so

tests_c_names := $(filter-out $(tests_c_late) $(tests_c_parts) %_lib ctypes_spin, \
	$(patsubst tests/c/%.c,%,$(wildcard tests/c/*.c)) $(patsubst tests/c/%.cc,%,$(wildcard tests/c/*.cc))) isolate_lib
tests_c_runs := $(tests_c_names) $(tests_c_late) $(addsuffix .preload,$(tests_c_names))
tests_c_scripts := $(wildcard tests/c/*.t)
tests_c_files := $(addprefix $(tests_c)/,$(tests_c_runs) $(tests_c_parts) $(addsuffix .preload,$(tests_c_parts))) \
	$(tests_c_shared)
TESTS ?= $(tests_c_runs) $(tests_c_scripts)

# These run once more with each clock, instead of the one that is chosen automatically.
tests_c_clock := launch_pause nesting busy tiny_budgets state_survives heap_storm storm_threads resume_other_thread \
	blocking_time fork_child signals_own signals_directed \
	signals_jumps late_dlopen
tests_c_prove := prove --exec tests/c/run.sh

# What the runs that were asked for need: all of them for a script, which may run any.
tests_c_wanted = $(if $(filter %.t,$(TESTS)),$(tests_c_files),$(addprefix $(tests_c)/,$(TESTS)) $(tests_c_shared))

.PHONY: test-c test-c-clocks build-test-c tests-c-data
test-c: $(BUILD)/libinger.so $(tests_c_wanted) tests-c-data
	BUILD=$(BUILD) $(tests_c_prove) $(foreach test,$(TESTS),$(if $(filter %.t,$(test)),$(test),$(tests_c)/$(test)))

test-c-clocks: $(BUILD)/libinger.so $(addprefix $(tests_c)/,$(tests_c_clock)) tests-c-data
	status=0; for clock in timer timekeeper; do \
		INGER_CLOCK=$$clock BUILD=$(BUILD) $(tests_c_prove) $(addprefix $(tests_c)/,$(tests_c_clock)) || status=1; \
	done; \
	INGER_FSGSBASE=0 BUILD=$(BUILD) $(tests_c_prove) $(addprefix $(tests_c)/,$(tests_c_clock)) || status=1; \
	exit $$status

build-test-c: $(tests_c_files) tests-c-data

# What the preloaded programs refer to is found at run time only.
$(tests_c)/%.preload: tests/c/%.c $(tests_c_headers)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -DTEST_PRELOADED -rdynamic -o $@ $(filter %.c %.S,$^) -Wl,--unresolved-symbols=ignore-all $(tests_c_libs)
$(tests_c)/%.preload: tests/c/%.cc $(tests_c_headers)
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -DTEST_PRELOADED -rdynamic -o $@ $< -Wl,--unresolved-symbols=ignore-all $(tests_c_libs)
# A new library is found when they start: nothing has to be linked again.
$(tests_c)/%: tests/c/%.c $(tests_c_headers) | $(BUILD)/libinger.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -rdynamic -o $@ $(filter %.c %.S,$^) $(tests_c_link) $(tests_c_libs)
$(tests_c)/%: tests/c/%.cc $(tests_c_headers) | $(BUILD)/libinger.so
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -rdynamic -o $@ $< $(tests_c_link) $(tests_c_libs)
$(tests_c)/lib%.so: tests/c/%_lib.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $<
$(tests_c)/libctypes_spin.so: tests/c/ctypes_spin.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $<

$(addprefix $(tests_c)/,$(tests_c_late)): tests_c_link := -ldl
$(tests_c)/state_survives $(tests_c)/state_survives.preload: tests/c/state_regs.S
$(tests_c)/names_clash $(tests_c)/names_clash.preload: $(tests_c)/libnames_clash.so
$(tests_c)/names_clash $(tests_c)/names_clash.preload: tests_c_libs := -L$(tests_c) -lnames_clash -Wl,-rpath,'$$ORIGIN'
$(tests_c)/libisolate_back.so: tests/c/isolate_back_lib.c $(tests_c)/libisolate_lib.so $(BUILD)/libinger.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< $(tests_c_link) -L$(tests_c) -lisolate_lib
$(tests_c)/isolate_back $(tests_c)/isolate_back.preload: $(tests_c)/libisolate_lib.so | $(tests_c)/libisolate_back.so
$(tests_c)/isolate_back $(tests_c)/isolate_back.preload: tests_c_libs := -L$(tests_c) -lisolate_lib -Wl,-rpath,'$$ORIGIN'
shutdown_libraries := $(tests_c)/libshutdown_relro.so $(tests_c)/libshutdown_norelro.so
$(shutdown_libraries): tests/c/shutdown_unloaded_lib.c $(BUILD)/libinger.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-z,$(patsubst libshutdown_%.so,%,$(@F)) $(tests_c_link) -lz
$(tests_c)/shutdown_unloaded $(tests_c)/shutdown_unloaded.preload: | $(shutdown_libraries)
# The libraries that the programs about libraries are about.
$(tests_c)/libs_png $(tests_c)/libs_png.preload: tests_c_libs := -lpng
$(tests_c)/libs_jpeg $(tests_c)/libs_jpeg.preload: tests_c_libs := -ljpeg
$(tests_c)/libs_zlib $(tests_c)/libs_zlib.preload: tests_c_libs := -lz
$(tests_c)/libs_sqlite $(tests_c)/libs_sqlite.preload: tests_c_libs := -lsqlite3
$(tests_c)/libs_pcre2 $(tests_c)/libs_pcre2.preload: tests_c_libs := -lpcre2-8
$(tests_c)/libs_lua $(tests_c)/libs_lua.preload: tests_c_libs := -llua5.4
$(tests_c)/libs_many $(tests_c)/libs_many.preload: tests_c_libs := -lpng -lsqlite3
$(tests_c)/cancel_heap $(tests_c)/cancel_heap.preload: tests_c_libs := -lz
$(foreach name,cancel_storm cancel_server,$(tests_c)/$(name) $(tests_c)/$(name).preload): tests_c_libs := -lpng -lsqlite3 -lz -lpcre2-8

# Opened at run time.
$(foreach name,gotcha_libsets isolate_dlopen isolate_file,$(tests_c)/$(name) $(tests_c)/$(name).preload): | $(tests_c)/libisolate_lib.so
$(tests_c)/shutdown $(tests_c)/shutdown.preload: tests_c_libs := -lz

$(tests_c)/isolate_opener $(tests_c)/isolate_opener.preload: $(tests_c)/libisolate_opener.so | $(tests_c)/libisolate_lib.so
$(tests_c)/isolate_opener $(tests_c)/isolate_opener.preload: tests_c_libs := -L$(tests_c) -lisolate_opener -Wl,-rpath,'$$ORIGIN'

tests_c_isolate := $(foreach name,isolate_lib isolate_storm cancel_whose cancel_cleanup shutdown_lazy,$(tests_c)/$(name) $(tests_c)/$(name).preload)
$(tests_c_isolate): $(tests_c)/libisolate_lib.so
$(tests_c)/libisolate_lib.so: tests/c/isolate_lib.h
$(tests_c_isolate): tests_c_libs := -L$(tests_c) -lisolate_lib -Wl,-rpath,'$$ORIGIN'
# The tests of locales need one that writes numbers in another way, whatever the machine has.
tests-c-data: $(tests_c)/locale/de_DE.UTF-8/LC_NUMERIC
$(tests_c)/locale/de_DE.UTF-8/LC_NUMERIC:
	@mkdir -p $(tests_c)/locale
	localedef -i de_DE -f UTF-8 $(tests_c)/locale/de_DE.UTF-8
# A fragment for each group of tests that needs more than its own file.
include $(filter-out tests/c/tests.mk,$(sort $(wildcard tests/c/*.mk)))
$(tests_c)/cancel_attribute $(tests_c)/cancel_attribute.preload: tests_c_flags += -fexceptions
