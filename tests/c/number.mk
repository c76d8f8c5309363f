# SPDX-License-Identifier: Apache-2.0
# number.mk - links of the tests about system calls by number.
$(tests_c)/number_hook $(tests_c)/number_hook.preload: $(tests_c)/libnumber_hook.so
$(tests_c)/number_hook $(tests_c)/number_hook.preload: tests_c_libs := -L$(tests_c) -lnumber_hook -Wl,-rpath,'$$ORIGIN'
