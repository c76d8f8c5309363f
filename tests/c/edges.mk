# SPDX-License-Identifier: Apache-2.0
# edges.mk - the libraries of handler_launch.c. Included by tests.mk.

$(tests_c)/handler_launch $(tests_c)/handler_launch.preload: $(tests_c)/libhandler_launch.so
$(tests_c)/handler_launch $(tests_c)/handler_launch.preload: tests_c_libs := -L$(tests_c) -lhandler_launch -Wl,-rpath,'$$ORIGIN'
