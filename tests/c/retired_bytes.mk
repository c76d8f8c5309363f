# SPDX-License-Identifier: Apache-2.0
# retired_bytes.mk - the library of retired_bytes.c. Included by tests.mk.

$(tests_c)/retired_bytes $(tests_c)/retired_bytes.preload: $(tests_c)/libretired_bytes.so
$(tests_c)/retired_bytes $(tests_c)/retired_bytes.preload: private tests_c_libs := -L$(tests_c) -lretired_bytes -Wl,-rpath,'$$ORIGIN'
