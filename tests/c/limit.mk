# SPDX-License-Identifier: Apache-2.0
# limit.mk - the libraries of limit_*.c: what has the limits. Included by tests.mk.

limit_programs = $(foreach name,$(1),$(tests_c)/limit_$(name) $(tests_c)/limit_$(name).preload)
limit_libs = -L$(tests_c) $(foreach name,$(1),-llimit_$(name)) -Wl,-rpath,'$$ORIGIN'

$(tests_c)/liblimit_abi.so: tests/c/limit_abi_lib.c tests/c/limit_regs.S tests/c/limit_abi.h tests/c/limit_regs.h tests/c/limit.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $(filter %.c %.S,$^) -lm
$(call limit_programs,abi): tests/c/limit_regs.S $(tests_c)/liblimit_abi.so
$(call limit_programs,abi): private tests_c_libs := $(call limit_libs,abi) -lm
