# SPDX-License-Identifier: Apache-2.0
# instead.mk - the programs of the groups instead_…: the works with all ways but the library, and with the library.
#
# instead must not have the library: its malloc(), its threads and its timers are to be libc's. GNU Pth (libpth-dev) is
# optional: it is measured where it is installed.

INSTEAD_DIR  := $(BENCH_DIR)/instead_o
INSTEAD_PTH  := $(wildcard /usr/include/pth.h)
INSTEAD_LIBS := -lpng -lz -lsqlite3 -lpcre2-8 -llua5.4
instead_objects = $(patsubst %,$(INSTEAD_DIR)/%.o,$(1))

INSTEAD_WORKS := $(basename $(notdir $(wildcard bench/instead/work_*.c)))
INSTEAD_HANDS := $(basename $(notdir $(wildcard bench/instead/hand_*.c)))
INSTEAD_COMMON := $(call instead_objects,run left inputs bomb $(INSTEAD_WORKS)) $(BENCH_DIR)/harness.o
INSTEAD_WAYS_INGER := way_inger_isolated way_inger_shared
INSTEAD_WAYS := $(filter-out $(INSTEAD_WAYS_INGER) $(if $(INSTEAD_PTH),,way_pth), \
	$(basename $(notdir $(wildcard bench/instead/way_*.c))))
# Of the process that starts them.
INSTEAD_CLIENT := $(call instead_objects,session outcome)

# setup: their headers.
$(INSTEAD_DIR)/%.o: bench/instead/%.c $(wildcard bench/instead/*.h) $(BENCH_HEADERS) bench/instead/instead.mk | setup
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) $(INSTEAD_DEFINES) -c -o $@ $<
$(INSTEAD_DIR)/table.o: INSTEAD_DEFINES := $(if $(INSTEAD_PTH),-DWITH_PTH)
$(INSTEAD_DIR)/table_inger.o: bench/instead/table.c $(wildcard bench/instead/*.h) $(BENCH_HEADERS) bench/instead/instead.mk | setup
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -DWITH_INGER -c -o $@ $<

$(BENCH_DIR)/instead: $(INSTEAD_COMMON) $(call instead_objects,table $(INSTEAD_WAYS) $(INSTEAD_HANDS))
	$(CC) -pthread -o $@ $^ $(INSTEAD_LIBS) $(if $(INSTEAD_PTH),-lpth) -lm
$(BENCH_DIR)/instead_inger: $(INSTEAD_COMMON) $(call instead_objects,table_inger $(INSTEAD_WAYS_INGER)) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger $(INSTEAD_LIBS) -lm -Wl,-rpath,'$$ORIGIN/..'
# One subject each: the image decode that is cancelled, and the same in a process that is killed.
$(BENCH_DIR)/image_inger: $(call instead_objects,image_inger image left inputs bomb work_png) $(BENCH_DIR)/harness.o | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lpng -lz -lm -Wl,-rpath,'$$ORIGIN/..'
$(BENCH_DIR)/image_fork: $(call instead_objects,image_fork image inputs bomb work_png) $(BENCH_DIR)/harness.o
	$(CC) -o $@ $^ -lpng -lz -lm

$(BENCH_DIR)/instead.lines: bench/instead/lines bench/instead/instead.mk $(wildcard bench/instead/way_*.c bench/instead/hand_*.c)
	@mkdir -p $(@D)
	bench/instead/lines $(patsubst %,bench/instead/%.c,$(INSTEAD_WAYS) $(INSTEAD_WAYS_INGER) $(INSTEAD_HANDS)) >$@
$(BENCH_DIR)/case_instead.o $(BENCH_DIR)/case_image.o: $(wildcard bench/instead/*.h)
$(BENCH_DIR)/sqlite_shared: $(call instead_objects,sqlite_shared) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lsqlite3 -Wl,-rpath,'$$ORIGIN/..'
