# SPDX-License-Identifier: Apache-2.0
# referred.mk - the library of referred.c. Included by tests.mk.

referred_runs := $(tests_c)/referred $(tests_c)/referred.preload
$(tests_c)/libreferred.so: tests/c/referred.h
$(referred_runs): $(tests_c)/libreferred.so
$(referred_runs): private tests_c_libs := -L$(tests_c) -lreferred -Wl,-rpath,'$$ORIGIN'
