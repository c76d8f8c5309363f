# SPDX-License-Identifier: Apache-2.0
# limit.mk - the libraries of limit_*.c and .cc, whose functions have the limits. Included by tests.mk.

limit_runs = $(foreach name,$(1),$(tests_c)/limit_$(name) $(tests_c)/limit_$(name).preload)
limit_needs = $(foreach name,$(1),$(tests_c)/liblimit_$(name).so)
limit_link = -L$(tests_c) $(foreach name,$(1),-llimit_$(name)) -Wl,-rpath,'$$ORIGIN' -lm

$(call limit_needs,abi work): $(tests_c)/lib%.so: tests/c/%_lib.c tests/c/limit_abi.h tests/c/limit_regs.h tests/c/limit_work.h tests/c/limit.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $(filter %.c %.S,$^) -Wl,-soname,$(@F) -lm
$(tests_c)/liblimit_abi.so: tests/c/limit_regs_lib.S
$(call limit_runs,abi giveup): tests/c/limit_regs.S

$(call limit_runs,abi): $(call limit_needs,abi)
$(call limit_runs,abi): private tests_c_libs := $(call limit_link,abi)
$(call limit_runs,giveup): $(call limit_needs,abi work)
$(call limit_runs,giveup): private tests_c_libs := $(call limit_link,abi work)
$(call limit_needs,cxx): $(tests_c)/lib%.so: tests/c/%_lib.cc tests/c/limit_cxx.h tests/c/limit.mk
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F)
$(call limit_runs,cxx): $(call limit_needs,cxx)
$(call limit_runs,cxx): private tests_c_libs := $(call limit_link,cxx)
$(call limit_runs,actions fork): $(call limit_needs,work)
$(call limit_runs,actions fork): private tests_c_libs := $(call limit_link,work)
$(tests_c)/liblimit_where.so: tests/c/limit_where_lib.cc tests/c/limit_where.h tests/c/limit.mk
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F)
limit_users := $(call limit_needs,user lazy now)
$(limit_users): tests/c/limit_user_lib.c tests/c/limit_where.h $(tests_c)/liblimit_where.so tests/c/limit.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F) $(call limit_link,where) $(limit_flags)
$(tests_c)/liblimit_lazy.so: private limit_flags := -Wl,-z,lazy
$(tests_c)/liblimit_now.so: private limit_flags := -Wl,-z,now
$(call limit_runs,where): $(call limit_needs,where user) | $(limit_users)
$(call limit_runs,where): private tests_c_libs := $(call limit_link,user where)
