# SPDX-License-Identifier: Apache-2.0
# bounds.mk - sections_left.cc throws from handlers of signals. Included by tests.mk.

$(tests_c)/sections_left $(tests_c)/sections_left.preload: private tests_c_flags += -fnon-call-exceptions
