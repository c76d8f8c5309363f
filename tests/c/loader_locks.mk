# SPDX-License-Identifier: Apache-2.0
# loader_locks.mk - the libraries of loader_locks and loader_storm. Included by tests.mk.

locks_dir := $(tests_c)/locks
# Many, so that each first load in a process is one; big, so that the linker takes long; plain ones have no thread-local variables.
locks_small := $(foreach n,1 2 3 4 5 6,$(locks_dir)/libsmall$(n).so)
locks_plain := $(foreach n,1 2 3 4 5 6,$(locks_dir)/libplain$(n).so)
locks_big := $(foreach n,1 2,$(locks_dir)/libbig$(n).so)
locks_libraries := $(locks_small) $(locks_plain) $(locks_big)
locks_flags :=

$(locks_libraries): tests/c/loader_locks_lib.c tests/c/loader_locks.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F) $(locks_flags)
$(locks_big): private locks_flags := -DWORDS=300000
$(locks_plain): private locks_flags := -DPLAIN
$(foreach name,loader_locks loader_storm,$(tests_c)/$(name) $(tests_c)/$(name).preload): | $(locks_libraries)
