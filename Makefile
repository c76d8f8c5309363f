# SPDX-License-Identifier: Apache-2.0
#
# make          the library, the tool and the small examples, in build/: needs Go, gcc, libc6-dev and make
# make demo     thumbnails of a folder of images, one of them hostile (FOLDER=… for your own)
# make test     everything that is checked, to the end; says how long each stage took
# make bench    the benchmarks; bench-quick for a short look
# make soak     the long tests, SOAK_SECONDS=1800
# make install  PREFIX=/usr/local DESTDIR= LIBDIR=$(PREFIX)/lib

VERSION := 0.1.0
SONAME  := libinger.so.0

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
BUILD   := build
# Programs of prove at a time.
JOBS    ?= 2

GO     ?= go
CFLAGS ?= -O2 -g -Wall -Wextra
# A package's own flags are in its #cgo lines; these are for what those lines refuse, and for the user's.
# go's cache knows the files of a package's own folder only. The packages share headers, and trees share the cache: without the
# headers' sum in the key, gotcha/ would be linked as it was built with another struct shim_call than shim/ has.
LIB_HEADERS     := $(shell cat $$(find include shim gotcha -name '*.h' | LC_ALL=C sort) | cksum | tr -d ' ')
LIB_CGO_CFLAGS  := -O2 -g -fno-semantic-interposition -DSHIM_HEADERS=$(LIB_HEADERS) $(if $(CHECK_LOCKS),-DSHIM_CHECK_LOCKS)
LIB_EXTLDFLAGS  := -Wl,-soname,$(SONAME) '-Wl,--version-script=$(CURDIR)/cmd/libinger/exports.map' -Wl,-z,now \
                   -Wl,--wrap=sigaction,--wrap=pthread_create
# Quoted once for the shell (double), once for go (escaped), once for the linker driver (single).
# The entry is package shim/entry, which holds the Go runtime back and needs -checklinkname=0.
# Without asynchronous preemption the runtime leaves SIGURG blocked in its threads: the program's own must not end there.
# Nor may it hold files open: without these two it keeps those of the control group's processor limit, as descriptors that the
# program would find, hand on and close.
LIB_GODEBUG     := asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0
LIB_LDFLAGS     := -E libinger_entry -checklinkname=0 -X runtime.godebugDefault=$(LIB_GODEBUG) -extldflags \"$(LIB_EXTLDFLAGS)\"
# Without the version control stamp a build is the same from an archive, and git need not trust the folder's owner.
export GOFLAGS  := $(strip $(GOFLAGS) -buildvcs=false)

LIBINGER := $(BUILD)/libinger.so
TOOL     := $(BUILD)/inger
LIB_DIRS  := cmd/libinger elf gotcha interpose limit options shim turquoise
TOOL_DIRS := cmd/inger doctor elf inspect interpose limit options trace
# Folders are prerequisites, too: a file that is gone changes its folder.
sources = go.mod $(wildcard go.sum) $(shell find $(1) -name testdata -prune -o -type d -print -o -type f \
	\( -name '*.go' -o -name '*.[chsS]' -o -name '*.map' \) ! -name '*_test.go' -print 2>/dev/null)

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.PHONY: all setup check-go check-programs check-tools check-bench test soak install clean

# The fragments come before all: their variables are used in prerequisites.
-include examples/examples.mk bench/bench.mk tests/c/tests.mk tests/hostile/hostile.mk

all: $(LIBINGER) $(TOOL) examples

$(LIBINGER): $(call sources,$(LIB_DIRS)) include/inger.h include/gotcha.h Makefile
	@mkdir -p $(@D)
	CGO_CFLAGS='$(LIB_CGO_CFLAGS)' $(GO) build -trimpath -buildmode=c-shared -ldflags="$(LIB_LDFLAGS)" -o $@ ./cmd/libinger
	@# cgo's header describes Go's types: the interface is include/inger.h.
	@rm -f $(BUILD)/libinger.h
	@ln -sf libinger.so $(BUILD)/$(SONAME)
	@touch $@

$(TOOL): $(call sources,$(TOOL_DIRS)) Makefile
	@mkdir -p $(@D)
	CGO_ENABLED=0 $(GO) build -trimpath -o $@ ./cmd/inger
	@touch $@

# What is installed before: for the demo less than for the tests.
setup:
	@GO='$(GO)' scripts/setup $(if $(filter test soak setup,$(MAKECMDGOALS)),test,demo)

# What scripts/setup installs must be there before anything is compiled, so what needs it is a make of its own.
ifneq ($(filter demo test soak,$(MAKECMDGOALS)),)
$(LIBINGER) $(TOOL): | setup
endif

test: setup
	@MAKE='$(MAKE)' scripts/stages all check-go test-c test-c-clocks test-hostile check-programs check-tools check-bench

check-go:
	CGO_CFLAGS='$(LIB_CGO_CFLAGS)' $(GO) vet ./...
	CGO_CFLAGS='$(LIB_CGO_CFLAGS)' $(GO) test ./...

check-programs: all
	prove -j$(JOBS) tests/programs/*.t

# These build and install: one at a time, and not beside programs that use what they build.
check-tools: all demo-programs
	prove tests/*.t

# That they still build and their processes find each other; no figure is looked at.
check-bench: bench-programs
	$(BENCH_DRIVER) --quick --rounds 1 launch floor relink limit trace >$(BENCH_DIR)/check.log 2>&1 || { cat $(BENCH_DIR)/check.log; false; }

soak: setup
	$(MAKE) all
	scripts/soak $(SOAK_SECONDS)

lib_file := libinger.so.$(VERSION)
install: all
	install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(PREFIX)/include' '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(LIBINGER) '$(DESTDIR)$(LIBDIR)/$(lib_file)'
	ln -sf $(lib_file) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libinger.so'
	install -m 644 include/inger.h include/gotcha.h '$(DESTDIR)$(PREFIX)/include'
	install -m 755 $(TOOL) '$(DESTDIR)$(PREFIX)/bin/inger'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' inger.pc.in \
		>'$(DESTDIR)$(LIBDIR)/pkgconfig/inger.pc'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/inger.pc'
	@# gdb looks there for the library's full path.
	install -D -m 644 scripts/libinger-gdb.py '$(DESTDIR)$(PREFIX)/share/gdb/auto-load$(LIBDIR)/$(lib_file)-gdb.py'
	install -d '$(DESTDIR)$(PREFIX)/share/bash-completion/completions'
	$(TOOL) completion bash >'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/inger'
	chmod 644 '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/inger'
	install -D -m 644 docs/inspect.schema.json '$(DESTDIR)$(PREFIX)/share/inger/inspect.schema.json'
	install -D -m 644 scripts/libinger.supp '$(DESTDIR)$(PREFIX)/share/inger/libinger.supp'
	set -e; for page in $(wildcard docs/man/*.1 docs/man/*.3 docs/man/*.7); do \
		install -D -m 644 "$$page" '$(DESTDIR)$(PREFIX)/share/man/man'"$${page##*.}/$${page##*/}"; \
	done
	@# The linker finds a new library by its cache.
	@if [ -n '$(DESTDIR)' ]; then \
		echo 'install: run ldconfig once the files are in their place, or programs do not find $(SONAME)'; \
	elif PATH="$$PATH:/usr/sbin:/sbin"; ! ldconfig 2>/dev/null || ! ldconfig -p | grep -qF ' $(LIBDIR)/$(SONAME)'; then \
		echo 'install: the linker does not search $(LIBDIR): run programs with LD_LIBRARY_PATH=$(LIBDIR), or link them with -Wl,-rpath,$(LIBDIR)'; \
	fi

clean:
	rm -rf $(BUILD)
