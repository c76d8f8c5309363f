# SPDX-License-Identifier: Apache-2.0
# bench.mk - the benchmarks: make bench (minutes), make bench-quick (a look). Numbers only: never part of make test.
#
# Three programs: the driver and the bare process do not have the library, the cases are linked with it.

BENCH_DIR    := build/bench
BENCH_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Iinclude
BENCH_HEADERS := $(wildcard bench/*.h) include/inger.h

bench_objects = $(patsubst %,$(BENCH_DIR)/%.o,$(1))
BENCH_DRIVER := $(call bench_objects,driver harness)
BENCH_BARE   := $(call bench_objects,bare_main bare_calls bare_spawn bare_clock loop harness)
BENCH_CASES  := $(call bench_objects,$(basename $(notdir $(wildcard bench/case_*.c))) bare_client loop harness)
BENCH_PROGRAMS := $(addprefix $(BENCH_DIR)/,bench bare cases)

.PHONY: bench bench-quick bench-programs
bench: bench-programs build/inger
	$(BENCH_DIR)/bench
bench-quick: bench-programs build/inger
	$(BENCH_DIR)/bench --quick
bench-programs: $(BENCH_PROGRAMS)

$(BENCH_DIR)/%.o: bench/%.c $(BENCH_HEADERS) bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -c -o $@ $<
$(BENCH_DIR)/bench: $(BENCH_DRIVER)
	$(CC) -o $@ $^ -lm
$(BENCH_DIR)/bare: $(BENCH_BARE)
	$(CC) -pthread -o $@ $^ -lm
# The library's own rebuild need not relink: the loader finds it by its SONAME.
$(BENCH_DIR)/cases: $(BENCH_CASES) | build/libinger.so
	$(CC) -o $@ $^ -Lbuild -linger -lm -Wl,-rpath,'$$ORIGIN/..'
