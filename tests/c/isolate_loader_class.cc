/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_class: C++ across copied libraries: exceptions, casts, type names, objects that are constructed late or per
 * thread, and variables of which there is one for all libraries. */
#include <typeinfo>
#include "helpers.h"
#include "isolate_loader_class.h"

struct Local : Base { /* a class of the program, derived from the library's, with calls through the library */
	std::string name() const override { return "local, " + Base::name(); }
};

struct Seen {
	int number, step;
	bool caught, through, within, cast, types, named, once, unique, virtual_calls, kept;
	int counts[4], unwound, made_with, thread_local_value, ended;
};

static void visit(Seen *s)
{
	try {
		one_throw(s->number);
	} catch (const std::runtime_error &e) {
		s->caught = e.what() == "problem " + std::to_string(s->number);
	}
	inger_pause();
	try {
		two_throw_through(s->number);
	} catch (const Problem &e) {
		s->through = e.number == s->number;
	}
	s->within = two_catches(s->number);
	s->unwound = two_unwound();
}

static void look(Seen *s)
{
	Base *b = one_make(), *d = two_make();
	Local local;
	Base *l = &local;
	s->cast = dynamic_cast<Derived *>(d) && !dynamic_cast<Derived *>(b) && one_is_derived(d) && !one_is_derived(b) && !one_is_derived(l);
	s->types = typeid(*d) == two_type() && typeid(*d) == typeid(Derived) && typeid(*b) == typeid(Base) && typeid(*l) == typeid(Local);
	s->named = d->name() == "derived of base" && b->name() == "base" && l->name() == "local, base";
	s->counts[0] = b->count();
	s->counts[1] = d->count();
	inger_pause();
	s->counts[2] = b->count();
	s->counts[3] = l->count();
	delete b;
	delete d;
	s->made_with = one_static(s->number);
	s->once = one_static(s->number + 1) == s->made_with;
	s->thread_local_value = one_thread_local();
	s->ended = one_dies();
	s->unique = one_inline() == two_inline() && one_holder() == two_holder() && one_inline_place() == two_inline_place() &&
		one_inline_place() == one_inline();
}

static void inside(void *arg)
{
	Seen *s = static_cast<Seen *>(arg);
	visit(s);
	look(s);
}

static void test(const Seen &s, const char *who)
{
	ok(s.caught && s.through && s.within, "%s: exceptions are caught by their base class, in the program and in a library", who);
	is_int(s.unwound, 1, "%s: frames are unwound", who);
	ok(s.cast, "%s: dynamic_cast across libraries", who);
	ok(s.types && s.named, "%s: types are what they are", who);
	ok(s.counts[0] == 1 && s.counts[1] == 1001 && s.counts[2] == 2 && s.counts[3] == 3, "%s: virtual functions work on its own (%d %d %d %d)",
	   who, s.counts[0], s.counts[1], s.counts[2], s.counts[3]);
	ok(s.made_with == s.number && s.once, "%s: a function's static object is constructed once", who);
	ok(s.thread_local_value == 41, "%s: a thread_local object begins anew", who);
	ok(s.unique, "%s: of an inline variable there is one for all libraries", who);
}

static void count_ended(void *arg) { *static_cast<int *>(arg) = one_dies(); }

int main()
{
	Seen one = {}, other = {}, mine = {}, again = {};
	plan(3 * 8 + 6);
	one.number = 1, other.number = 2, mine.number = 3, again.number = 4;
	linger_t calls[] = { launch(inside, TO_COMPLETION, &one), launch(inside, TO_COMPLETION, &other) };
	inside(&mine);
	while (!calls[0].is_complete || !calls[1].is_complete)
		for (auto &call : calls)
			if (resume(&call, TO_COMPLETION) != 0)
				bail("resume");
	test(one, "first");
	test(other, "second");
	test(mine, "program");
	int ended = -1;
	linger_t call = launch(count_ended, TO_COMPLETION, &ended);
	ok(call.is_complete && ended == 1, "the thread_local object ended with its function, in its libset (%d)", ended);
	is_int(one_dies(), 0, "the program's lives on");
	call = launch(inside, TO_COMPLETION, &again);
	ok(call.continuation && cancel(&call) == 0, "a function is given up between two exceptions");
	again = {};
	again.number = 4;
	call = launch(inside, 50, &again);
	ok(finish(&call, 50) >= 0, "another one goes in slices");
	ok(again.caught && again.through && again.within, "with its exceptions");
	ok(again.cast && again.types && again.named && again.unique, "and types");
	return done();
}
