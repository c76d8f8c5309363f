# SPDX-License-Identifier: Apache-2.0
# bench.mk - the benchmarks: make bench (minutes), make bench-quick (a look), make bench-breakdown (instructions). Numbers only: never part of make test.
#
# The driver is Go (bench/driver), the cases are C; it reads their records and writes results.json, results.md and pictures.
# The bare process, noise and idle do not have the library. The cases are linked with it, and so are sets and relink,
# which need a process for each sample, and limited and launches, which need one for each environment. install is a part of
# the library by itself. libbenchlib.so and what is in build/bench/lib are the libraries to be reached, copied and relinked.
# instead/ has programs and rules of its own.

BENCH_DIR    := build/bench
BENCH_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Iinclude
BENCH_HEADERS := $(wildcard bench/*.h) include/inger.h

bench_objects = $(patsubst %,$(BENCH_DIR)/%.o,$(1))
BENCH_DRIVER := $(BENCH_DIR)/bench
BENCH_NOISE  := $(call bench_objects,noise loop harness report record)
BENCH_BARE   := $(call bench_objects,bare_main bare_calls bare_end bare_spawn bare_clock bare_floor floor_amd64 held loop sha256 \
	state state_amd64 watch reach reach_got harness)
BENCH_CASES  := $(call bench_objects,$(basename $(notdir $(wildcard bench/case_*.c))) bare_client child libraries held load memory \
	loop sha256 state state_amd64 watch reach reach_got report record harness)
BENCH_SETS    := $(call bench_objects,sets libraries memory harness)
BENCH_RELINK  := $(call bench_objects,relink libraries harness)
BENCH_IDLE    := $(call bench_objects,idle libraries harness)
BENCH_INSTALL := $(call bench_objects,install table harness)
BENCH_STEPS   := $(call bench_objects,steps harness)
BENCH_LIMITED := $(call bench_objects,limited harness)
BENCH_LAUNCHES := $(call bench_objects,launches harness)
BENCH_PROGRAMS := $(addprefix $(BENCH_DIR)/,bare cases noise sets relink idle install steps limited launches instead instead_inger \
	image_inger image_fork instead.lines) $(BENCH_DRIVER)

include bench/instead/instead.mk

# As many as libraries.h and relink.c say.
BENCH_FILLED := $(patsubst %,$(BENCH_DIR)/lib/fill_%.so,$(shell seq 0 199))
BENCH_PAIRS  := $(shell seq 0 15)
BENCH_RELINKED := $(foreach kind,hundred refs zero,$(patsubst %,$(BENCH_DIR)/lib/$(kind)_%.so,$(BENCH_PAIRS)))
BENCH_LIBRARIES := $(BENCH_DIR)/libbenchlib.so $(BENCH_FILLED) $(BENCH_RELINKED)

.PHONY: bench bench-quick bench-breakdown bench-programs bench-compare bench-render
bench: bench-programs build/inger
	$(BENCH_DRIVER)
bench-quick: bench-programs build/inger
	$(BENCH_DRIVER) --quick
# make bench-compare OLD=… NEW=…
NEW ?= $(BENCH_DIR)/results.json
bench-compare: $(BENCH_DRIVER)
	@$(if $(OLD),,$(error which result is the old one? make bench-compare OLD=FILE NEW=FILE))$(BENCH_DRIVER) compare $(OLD) $(NEW)
# The latest result into the document that shows it.
bench-render: $(BENCH_DRIVER)
	@$(BENCH_DRIVER) render --document docs/performance.md --pictures docs/performance $(NEW)
bench-breakdown: bench-programs
	bench/breakdown $(BENCH_DIR)/steps
bench-programs: $(BENCH_PROGRAMS) $(BENCH_LIBRARIES)

$(BENCH_DIR)/%.o: bench/%.c $(BENCH_HEADERS) bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -c -o $@ $<
$(BENCH_DIR)/%.o: bench/%.S bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -c -o $@ $<
$(BENCH_DIR)/reach_got.o: BENCH_CFLAGS += -fPIC
$(BENCH_DIR)/install.o: gotcha/libset.h $(wildcard shim/*.h)
$(BENCH_DIR)/install.o $(BENCH_DIR)/table.o: BENCH_CFLAGS += -fvisibility=hidden -fno-stack-protector
$(BENCH_DIR)/table.o: gotcha/table.c gotcha/libset.h $(wildcard shim/*.h) bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -c -o $@ $<

$(BENCH_DRIVER): $(call sources,$(filter %/,$(wildcard bench/*/)) doctor) bench/bench.mk
	@mkdir -p $(@D)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./bench/driver
	@touch $@
$(BENCH_DIR)/noise: $(BENCH_NOISE)
	$(CC) -o $@ $^ -lm
$(BENCH_DIR)/bare: $(BENCH_BARE) $(BENCH_DIR)/libbenchlib.so
	$(CC) -pthread -o $@ $(BENCH_BARE) -L$(BENCH_DIR) -lbenchlib -lm -Wl,-rpath,'$$ORIGIN'
$(BENCH_DIR)/idle: $(BENCH_IDLE)
	$(CC) -o $@ $^ -lm
$(BENCH_DIR)/install: $(BENCH_INSTALL)
	$(CC) -o $@ $^ -lm
# The library's own rebuild need not relink: the loader finds it by its SONAME.
$(BENCH_DIR)/cases: $(BENCH_CASES) $(INSTEAD_CLIENT) $(BENCH_DIR)/libbenchlib.so | build/libinger.so
	$(CC) -o $@ $(BENCH_CASES) $(INSTEAD_CLIENT) -Lbuild -linger -L$(BENCH_DIR) -lbenchlib -lm -Wl,-rpath,'$$ORIGIN/..:$$ORIGIN'
$(BENCH_DIR)/sets: $(BENCH_SETS) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lm -Wl,-rpath,'$$ORIGIN/..'
$(BENCH_DIR)/relink: $(BENCH_RELINK) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lm -Wl,-rpath,'$$ORIGIN/..'

$(BENCH_DIR)/limited: $(BENCH_LIMITED) $(BENCH_DIR)/libbenchlib.so | build/libinger.so
	$(CC) -o $@ $(BENCH_LIMITED) -Wl,--no-as-needed -Lbuild -linger -L$(BENCH_DIR) -lbenchlib -lm -Wl,-rpath,'$$ORIGIN/..:$$ORIGIN'
$(BENCH_DIR)/launches: $(BENCH_LAUNCHES) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lm -Wl,-rpath,'$$ORIGIN/..'
$(BENCH_DIR)/steps: $(BENCH_STEPS) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lm -Wl,-rpath,'$$ORIGIN/..'

BENCH_SHARED = $(CC) $(BENCH_CFLAGS) -fPIC -shared -Wl,-z,now
$(BENCH_DIR)/libbenchlib.so: bench/benchlib.c bench/benchlib.h bench/bench.mk
	@mkdir -p $(@D)
	$(BENCH_SHARED) -Wl,-soname,$(@F) -o $@ $<
# Copies without a SONAME are different libraries to the linker.
$(BENCH_DIR)/lib/fill.so: bench/fill.c bench/bench.mk
	@mkdir -p $(@D)
	$(BENCH_SHARED) -o $@ $<
$(BENCH_FILLED): $(BENCH_DIR)/lib/fill.so
	@cp $< $@
$(BENCH_DIR)/lib/hundred_%.so: bench/hundred.c bench/bench.mk
	@mkdir -p $(@D)
	@$(BENCH_SHARED) -DHUNDRED_DEFINED -Wl,-soname,$(@F) -o $@ $<
# Both need the same libraries, whether they use them or not.
BENCH_NEEDS = -Wl,--no-as-needed -Lbuild -linger -L$(BENCH_DIR)/lib -l:hundred_$*.so
$(BENCH_DIR)/lib/refs_%.so: $(BENCH_DIR)/lib/hundred_%.so bench/hundred.c | build/libinger.so
	@$(BENCH_SHARED) -DHUNDRED_CALLED -o $@ bench/hundred.c $(BENCH_NEEDS)
$(BENCH_DIR)/lib/zero_%.so: $(BENCH_DIR)/lib/hundred_%.so bench/hundred.c | build/libinger.so
	@$(BENCH_SHARED) -o $@ bench/hundred.c $(BENCH_NEEDS)
