# SPDX-License-Identifier: Apache-2.0
# The examples and the demo. The including Makefile sets CC and CFLAGS, and has the rule for $(LIBINGER).

BUILD ?= build
GO ?= go
LIBINGER ?= $(BUILD)/libinger.so
EXAMPLES := $(BUILD)/examples/hello $(BUILD)/examples/server $(BUILD)/examples/instances
# These need libpng and libjpeg.
DEMO_PROGRAMS := $(BUILD)/examples/thumbnails $(BUILD)/examples/mkimages
EXAMPLE_CFLAGS := $(CFLAGS) -D_GNU_SOURCE -Iinclude
EXAMPLE_LDLIBS := -L$(BUILD) -linger -Wl,-rpath,'$$ORIGIN/..'
THUMBNAILS_SOURCES := $(wildcard examples/thumbnails/*.c)

# Options of the demo, and a folder to use instead of the generated one: make demo FOLDER=~/pictures
DEMO_FLAGS ?=
FOLDER ?=
DEMO_FOLDER := $(or $(FOLDER),$(BUILD)/demo/images)

.PHONY: examples demo-programs demo
examples: $(EXAMPLES)
demo-programs: $(DEMO_PROGRAMS)

$(BUILD)/examples/hello $(BUILD)/examples/server: $(BUILD)/examples/%: examples/%.c include/inger.h $(LIBINGER)
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) -o $@ $< $(LDFLAGS) $(EXAMPLE_LDLIBS)

$(BUILD)/examples/libturtle.so: examples/turtle.c examples/turtle.h
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) -fPIC -shared -o $@ $<

$(BUILD)/examples/instances: examples/instances.c examples/turtle.h include/gotcha.h include/inger.h \
		$(BUILD)/examples/libturtle.so $(LIBINGER)
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) -pthread -o $@ $< $(LDFLAGS) $(EXAMPLE_LDLIBS) -L$(@D) -lturtle -Wl,-rpath,'$$ORIGIN'

$(BUILD)/examples/thumbnails: $(THUMBNAILS_SOURCES) examples/thumbnails/thumbnails.h include/inger.h $(LIBINGER)
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) -o $@ $(THUMBNAILS_SOURCES) $(LDFLAGS) $(EXAMPLE_LDLIBS) -lpng -ljpeg

$(BUILD)/examples/mkimages: $(wildcard examples/mkimages/*.go)
	@mkdir -p $(@D)
	$(GO) build -o $@ ./examples/mkimages

# A stamp, because the images are many files of one command.
$(BUILD)/demo/images.made: $(BUILD)/examples/mkimages
	$< $(BUILD)/demo/images
	@touch $@

demo: $(BUILD)/examples/thumbnails $(BUILD)/demo/images.made
	$(BUILD)/examples/thumbnails $(DEMO_FLAGS) --out $(BUILD)/demo/contact.png "$(DEMO_FOLDER)"
