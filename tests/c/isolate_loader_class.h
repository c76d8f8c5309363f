/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_class.h - classes of two C++ libraries, libloader_class_one.so and _two.so, which throw to each other. */
#ifndef ISOLATE_LOADER_CLASS_H
#define ISOLATE_LOADER_CLASS_H

#include <stdexcept>
#include <string>

class Base {
public:
	virtual ~Base();
	virtual std::string name() const;
	virtual int count(); /* a static variable of library one */
};

class Derived : public Base {
public:
	~Derived() override;
	std::string name() const override;
	int count() override; /* of library two */
};

class Problem : public std::runtime_error {
public:
	explicit Problem(const std::string &text, int number) : std::runtime_error(text), number(number) {}
	~Problem() override;
	int number;
};

/* An inline variable and a template's static member: one in the process (STB_GNU_UNIQUE), whichever library has them. */
inline int loader_inline = 4;
inline int *loader_inline_place = &loader_inline;
template <typename T> struct Holder {
	static T value;
	static T *place() { return &value; }
};
template <typename T> T Holder<T>::value = 6;

/* Library one. */
Base *one_make();
void one_throw(int number);
int one_static(int first);     /* a function-local static, constructed with what the first call gives */
int one_dies();                /* how many thread_local objects of the running libset have ended */
int one_thread_local();
bool one_is_derived(Base *b);  /* dynamic_cast in a library that does not know who made it */
int *one_inline();
int *one_holder();
int *one_inline_place();

/* Library two. */
Base *two_make();
void two_throw_through(int number);  /* one_throw() under a frame with a destructor */
int two_unwound();
bool two_catches(int number);        /* what library one throws, by its base class */
const std::type_info &two_type();
int *two_inline();
int *two_holder();
int *two_inline_place();

#endif
