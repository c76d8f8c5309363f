# SPDX-License-Identifier: Apache-2.0
# isolate_loader.mk - the libraries of isolate_loader*.c: one source linked in many ways. Included by tests.mk.

loader_dir := $(tests_c)/loader
loader_link = $(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared $(loader_cflags) -o $@ $(filter %.c,$^) -Wl,-rpath,'$$ORIGIN' $(loader_flags)
loader_base := $(loader_dir)/libloader_base.so
loader_variants := plain now relr gnu2 symbolic norelro nosep page64k page2m bss begin nosoname sysv $(if $(shell command -v ld.gold),gold)
loader_libraries := $(foreach v,$(loader_variants),$(loader_dir)/libloader_$(v).so)

$(loader_base): tests/c/isolate_loader_base_lib.c tests/c/isolate_loader_base.map tests/c/isolate_loader_lib.h tests/c/isolate_loader.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,libloader_base.so -Wl,--version-script=tests/c/isolate_loader_base.map
$(loader_libraries): tests/c/isolate_loader_lib.c tests/c/isolate_loader_lib.h $(loader_base) tests/c/isolate_loader.mk
	@mkdir -p $(@D)
	$(loader_link) -L$(loader_dir) -lloader_base
$(filter-out %_nosoname.so,$(loader_libraries)): private loader_flags += -Wl,-soname,$(@F)
$(loader_dir)/libloader_plain.so: private loader_flags += -Wl,-z,lazy
$(loader_dir)/libloader_now.so: private loader_flags += -Wl,-z,now
$(loader_dir)/libloader_relr.so: private loader_flags += -Wl,-z,pack-relative-relocs
$(loader_dir)/libloader_gnu2.so: private loader_cflags := -mtls-dialect=gnu2
$(loader_dir)/libloader_symbolic.so: private loader_flags += -Wl,-Bsymbolic
$(loader_dir)/libloader_norelro.so: private loader_flags += -Wl,-z,norelro
$(loader_dir)/libloader_nosep.so: private loader_flags += -Wl,-z,noseparate-code
$(loader_dir)/libloader_page64k.so: private loader_flags += -Wl,-z,max-page-size=65536,-z,common-page-size=65536
$(loader_dir)/libloader_page2m.so: private loader_flags += -Wl,-z,max-page-size=2097152,-z,common-page-size=2097152
$(loader_dir)/libloader_bss.so: private loader_flags += -Wl,--build-id=none,-T,tests/c/isolate_loader_bss.ld
$(loader_dir)/libloader_bss.so: tests/c/isolate_loader_bss.ld
$(loader_dir)/libloader_gold.so: private loader_flags += -fuse-ld=gold
$(loader_dir)/libloader_begin.so: private loader_cflags := -DLOADER_BEGIN
$(loader_dir)/libloader_begin.so: private loader_flags += -Wl,-init,loader_begin
$(loader_dir)/libloader_sysv.so: private loader_flags += -Wl,--hash-style=sysv

$(foreach name,isolate_loader,$(tests_c)/$(name) $(tests_c)/$(name).preload): | $(loader_libraries)
loader_fixed := $(tests_c)/isolate_loader_fixed $(tests_c)/isolate_loader_fixed.preload
loader_program := $(loader_fixed) $(tests_c)/isolate_loader_program $(tests_c)/isolate_loader_program.preload
$(loader_fixed): private tests_c_flags += -fno-pie -no-pie
$(loader_fixed): | tests/c/isolate_loader_program.c
$(loader_program): $(loader_dir)/libloader_table.so
$(loader_program): private tests_c_libs := -L$(loader_dir) -lloader_table -Wl,-rpath,'$$ORIGIN/loader'
$(loader_dir)/libloader_table.so: tests/c/isolate_loader_table_lib.c tests/c/isolate_loader_table.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F)

# A needs B needs C.
loader_order := $(foreach letter,A B C,$(loader_dir)/libloader_order_$(letter).so)
$(loader_order): tests/c/isolate_loader_order_lib.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< $(loader_cflags) -Wl,-soname,$(@F) -Wl,-z,lazy -L$(loader_dir) -Wl,-rpath,'$$ORIGIN' $(loader_flags)
$(loader_dir)/libloader_order_A.so: private loader_cflags := -DLETTER=A -DNEXT=B
$(loader_dir)/libloader_order_A.so: private loader_flags := -lloader_order_B
$(loader_dir)/libloader_order_A.so: $(loader_dir)/libloader_order_B.so
$(loader_dir)/libloader_order_B.so: private loader_cflags := -DLETTER=B -DNEXT=C
$(loader_dir)/libloader_order_B.so: private loader_flags := -lloader_order_C
$(loader_dir)/libloader_order_B.so: $(loader_dir)/libloader_order_C.so
$(loader_dir)/libloader_order_C.so: private loader_cflags := -DLETTER=C
$(tests_c)/isolate_loader_order $(tests_c)/isolate_loader_order.preload: $(loader_order) $(loader_dir)/libloader_table.so
$(tests_c)/isolate_loader_order $(tests_c)/isolate_loader_order.preload: private tests_c_libs := -L$(loader_dir) -lloader_order_A \
	-lloader_order_B -lloader_order_C -Wl,--allow-shlib-undefined -Wl,-rpath,'$$ORIGIN/loader'

loader_classes := $(foreach name,one two,$(loader_dir)/libloader_class_$(name).so)
$(loader_classes): $(loader_dir)/libloader_class_%.so: tests/c/isolate_loader_class_%_lib.cc tests/c/isolate_loader_class.h
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F) -L$(loader_dir) -Wl,-rpath,'$$ORIGIN' $(loader_flags)
$(loader_dir)/libloader_class_two.so: $(loader_dir)/libloader_class_one.so
$(loader_dir)/libloader_class_two.so: private loader_flags := -lloader_class_one
$(tests_c)/isolate_loader_class $(tests_c)/isolate_loader_class.preload: $(loader_classes)
$(tests_c)/isolate_loader_class $(tests_c)/isolate_loader_class.preload: private tests_c_libs := -L$(loader_dir) -lloader_class_two \
	-lloader_class_one -Wl,-rpath,'$$ORIGIN/loader'

# Small ones: 70 that one program needs, and one to be copied under other names.
loader_many := $(foreach ten,"" 1 2 3 4 5 6,$(foreach one,0 1 2 3 4 5 6 7 8 9,$(loader_dir)/libloader_many$(subst "",,$(ten))$(one).so))
$(loader_many): $(loader_dir)/libloader_many%.so: tests/c/isolate_loader_many_lib.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -g0 -fPIC -shared -o $@ $< -DNUMBER=$* -Wl,-soname,$(@F)
$(loader_dir)/libloader_many.so: tests/c/isolate_loader_many_lib.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $<
$(tests_c)/isolate_loader_many $(tests_c)/isolate_loader_many.preload: $(loader_many)
$(tests_c)/isolate_loader_many $(tests_c)/isolate_loader_many.preload: private tests_c_libs := $(loader_many) -Wl,-rpath,'$$ORIGIN/loader'
$(tests_c)/isolate_loader_late $(tests_c)/isolate_loader_late.preload: | $(loader_dir)/libloader_many.so
$(tests_c)/isolate_loader_first $(tests_c)/isolate_loader_first.preload: $(loader_dir)/libloader_table.so | $(loader_dir)/libloader_many.so
$(tests_c)/isolate_loader_first $(tests_c)/isolate_loader_first.preload: private tests_c_libs := -L$(loader_dir) -lloader_table -Wl,-rpath,'$$ORIGIN/loader'

# Objects that need libinger.so themselves.
loader_plugins := $(foreach name,plugin extension,$(loader_dir)/libloader_$(name).so)
$(loader_plugins): tests/c/isolate_loader_plugin_lib.c tests/c/isolate_loader_table.h include/inger.h $(loader_dir)/libloader_table.so $(BUILD)/libinger.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F) -L$(loader_dir) -lloader_table -L$(BUILD) -linger \
		-Wl,-rpath,'$$ORIGIN:$$ORIGIN/../..'
$(tests_c)/isolate_loader_plugin $(tests_c)/isolate_loader_plugin.preload: $(loader_dir)/libloader_plugin.so | $(loader_dir)/libloader_extension.so
$(tests_c)/isolate_loader_plugin $(tests_c)/isolate_loader_plugin.preload: private tests_c_libs := -L$(loader_dir) -lloader_plugin -lloader_table \
	-Wl,-rpath,'$$ORIGIN/loader' -Wl,-rpath-link,$(BUILD)
$(tests_c)/isolate_loader_ready $(tests_c)/isolate_loader_ready.preload: $(loader_order)
$(tests_c)/isolate_loader_ready $(tests_c)/isolate_loader_ready.preload: private tests_c_libs := -L$(loader_dir) -lloader_order_C \
	-Wl,--allow-shlib-undefined -Wl,-rpath,'$$ORIGIN/loader'

loader_unique := $(foreach number,1 2,$(loader_dir)/libloader_unique_$(number).so)
$(loader_unique): tests/c/isolate_loader_unique_lib.cc
	@mkdir -p $(@D)
	$(CXX) $(tests_c_flags) -fPIC -shared -o $@ $< -Wl,-soname,$(@F)
loader_unique_tests := $(foreach name,unique unique_pic,$(tests_c)/isolate_loader_$(name) $(tests_c)/isolate_loader_$(name).preload)
$(loader_unique_tests): $(loader_classes) | $(loader_unique)
$(loader_unique_tests): private tests_c_libs := -L$(loader_dir) -Wl,--no-as-needed -lloader_class_two -lloader_class_one -Wl,-rpath,'$$ORIGIN/loader'
$(tests_c)/isolate_loader_unique_pic $(tests_c)/isolate_loader_unique_pic.preload: private tests_c_flags += -fPIC
