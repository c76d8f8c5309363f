# SPDX-License-Identifier: Apache-2.0
# hostile.mk - the hostile suite: `make test-hostile` is the short form, `make soak-hostile` the long one (HOSTILE_SECONDS a phase).
# HOSTILE='storm.nest zlib.isolated' runs some.
# Each phase is a process: build/hostile/storm.PHASE is a link to the one program, which takes its phase from its name.

hostile := $(BUILD)/hostile
hostile_flags := -D_GNU_SOURCE -O2 -g -Wall -Wextra -fexceptions -Iinclude -Itests/c -Itests/hostile -pthread
hostile_link := -L$(BUILD) -Wl,--push-state,--no-as-needed -linger -Wl,--pop-state -Wl,-rpath,'$$ORIGIN/..'
hostile_headers := include/inger.h tests/c/helpers.h tests/c/tap.h $(wildcard tests/hostile/*.h) tests/hostile/hostile.mk

hostile_phases := $(shell sed -n 's/^\t{ "\([a-z]*\)", .*/\1/p' tests/hostile/storm_phases.h)
hostile_storms := $(addprefix storm.,$(hostile_phases))
hostile_storm_parts := $(patsubst tests/hostile/%,$(hostile)/%.o,$(wildcard tests/hostile/storm*.c tests/hostile/storm*.cc))
hostile_plugins := $(foreach number,0 1 2,$(hostile)/libhostile_plugin$(number).so)

# Libraries that scripts/setup installs for the tests: all of them in one program, many.WAY, and each in one of its own for the long
# form. `make libraries` takes all that are there.
hostile_libraries := zlib png jpeg sqlite3 pcre2 lua glib openssl libxml2 zstd
hostile_ways := isolated moving shared
hostile_many := $(addprefix many.,$(hostile_ways))
hostile_library_runs := $(foreach library,$(hostile_libraries),$(addprefix $(library).,$(hostile_ways)))

# Not in the short form, which is part of `make test`, each with its reason. A phase that has become green goes from here.
#   storm.unwind    "free(): invalid pointer" in a destructor that unwinding runs, in a run of four
#   storm.ends      mappings grow beyond the limit: threads that end with paused calls of theirs; not traced yet
#   storm.loader    heap grows beyond the limit in each run: with "dlopen" alone as well; not traced yet (pooled TCBs keep blocks of
#                   thread-local variables of libraries that were closed)
#   storm.all       heap, as in storm.loader
#   storm.fork, storm.objects, storm.jumps, storm.altstack  green in the last few runs each, not yet twenty times
#   many.*          a crash with several libraries that keep keys and locks, isolated and shared; alone most are right
hostile_long := storm.objects storm.jumps storm.altstack storm.unwind storm.fork storm.ends storm.loader storm.all $(hostile_many)

HOSTILE ?= $(filter-out $(hostile_long),$(hostile_storms) $(hostile_many))
hostile_prove = BUILD=$(BUILD) prove -j$(JOBS) --exec tests/c/run.sh

.PHONY: test-hostile soak-hostile build-hostile
test-hostile: $(addprefix $(hostile)/,$(HOSTILE)) $(hostile_plugins)
	$(hostile_prove) $(addprefix $(hostile)/,$(HOSTILE))

soak-hostile: build-hostile
	INGER_SOAK=1 $(hostile_prove) --shuffle $(addprefix $(hostile)/,$(hostile_storms) $(hostile_many) $(hostile_library_runs))

build-hostile: $(addprefix $(hostile)/,$(hostile_storms) $(hostile_many) $(hostile_library_runs)) $(hostile_plugins)

$(hostile)/%.c.o: tests/hostile/%.c $(hostile_headers)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(hostile_flags) -c -o $@ $<
$(hostile)/%.cc.o: tests/hostile/%.cc $(hostile_headers)
	@mkdir -p $(@D)
	$(CXX) $(hostile_flags) -c -o $@ $<
$(hostile)/storm: $(hostile_storm_parts) $(BUILD)/libinger.so
	$(CXX) -pthread -rdynamic -o $@ $(filter %.o,$^) $(hostile_link)
$(addprefix $(hostile)/,$(hostile_storms)): $(hostile)/storm
	ln -sf $(<F) $@

$(hostile)/libhostile_plugin0.so: private plugin_tls := 64
$(hostile)/libhostile_plugin1.so: private plugin_tls := 3000
$(hostile)/libhostile_plugin2.so: private plugin_tls := 100000
$(hostile_plugins): tests/hostile/plugin.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(hostile_flags) -DPLUGIN_TLS=$(plugin_tls) -fPIC -shared -o $@ $<

# A library's program, the links to it, and the program that knows nothing of libinger.
define hostile_library
$(hostile)/library-$(1): $(wildcard tests/hostile/libraries/$(1).c*) $(hostile)/library.c.o $(hostile)/plain.c.o $(BUILD)/libinger.so \
		tests/hostile/library.h tests/hostile/library.sh
	CC='$(CC)' CXX='$(CXX)' tests/hostile/library.sh build $(1) $(hostile)
$(foreach way,isolated moving shared,$(hostile)/$(1).$(way)): $(hostile)/library-$(1)
endef
$(foreach library,$(hostile_libraries),$(eval $(call hostile_library,$(library))))

# All of them in one; the program without libinger is many.plain.
hostile_many_parts := $(foreach library,$(hostile_libraries),$(hostile)/$(library).o)
hostile_many_flags = $$(for library in $(hostile_libraries); do tests/hostile/library.sh flags $$library; done)
$(hostile_many_parts): $(hostile)/%.o: $(hostile)/library-%
$(hostile)/library-many: $(hostile_many_parts) $(hostile)/library.c.o $(hostile)/plain.c.o $(BUILD)/libinger.so
	$(CXX) -pthread -o $(hostile)/many.plain $(hostile)/plain.c.o $(hostile_many_parts) $(hostile_many_flags)
	$(CXX) -pthread -rdynamic -o $@ $(hostile)/library.c.o $(hostile_many_parts) $(hostile_link) $(hostile_many_flags)
$(addprefix $(hostile)/,$(hostile_many)): $(hostile)/library-many
	ln -sf $(<F) $@

# The table of docs/libraries.md, with whatever is installed (scripts/setup libraries).
.PHONY: libraries
libraries: all build-hostile
	scripts/libraries
