// SPDX-License-Identifier: Apache-2.0
// limit_cxx.h - liblimit_cxx.so: functions that throw, are thrown through, catch, and are jumped out of.
#ifndef LIMIT_CXX_H
#define LIMIT_CXX_H

#include <string>

struct Thrown {
	long value;
	std::string text; // has something to destroy
};

extern int cxx_alive; // objects of the library's frames: none is left when all are unwound

using cxx_function = long(long);
// Throws. It has a result, since a call that is given up returns: after one that can't, the compiler leaves no code to go on at.
long cxx_throw(long value);
long cxx_call(cxx_function *f, long value);       // f(value) + 1
long cxx_plain(cxx_function *f, long value);      // the same, with nothing to destroy
long cxx_tail(cxx_function *f, long value);       // ends with a jump to cxx_plain()
long cxx_tail_spin(long value);                   // and to cxx_spin()
long cxx_rethrow(cxx_function *f, long value);    // catches and throws the same again
long cxx_replace(cxx_function *f, long value);    // catches and throws another: value + 1000
long cxx_catch(cxx_function *f, long value);      // catches and returns the value that was thrown, negative
long cxx_catch_spin(cxx_function *f, long value); // catches and never comes back
long cxx_catching(long seed);                     // throws and catches for ever
long cxx_spin(long value);                        // for ever
long cxx_jump_inside(long value);                 // setjmp() and longjmp() of its own; value + 1
void cxx_error(void (*handler)(void *), void *arg); // as libpng: the handler does not come back
long cxx_read(int fd);
int cxx_frames(void **frames, int room);          // backtrace()

namespace text {
bool matches(const std::string &subject, const std::string &pattern); // std::regex
}

#endif
