# SPDX-License-Identifier: Apache-2.0
# loader_wraps.mk - the library that loader_wraps.c preloads. Included by tests.mk.

$(tests_c)/loader_wraps $(tests_c)/loader_wraps.preload: | $(tests_c)/libloader_wraps.so
