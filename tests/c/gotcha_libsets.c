/* SPDX-License-Identifier: Apache-2.0 */
/* gotcha_libsets: instances of a library side by side, through gotcha.h, and what wrong calls give. */
#include <dlfcn.h>
#include <link.h>
#include "gotcha.h"
#include "helpers.h"
#include "isolate_lib.h"

#define INSTANCES 8
#define THREADS 4

static char library[4096];

struct instance {
	gotcha_t *set;
	void (*start)(int);
	int (*next)(void);
	int (*made)(void);
	const void *(*place)(void);
	const char *(*word)(char *);
	int (*chain)(uint64_t, int, uint64_t *);
};
static struct instance instances[INSTANCES];

static void find_library(void)
{
	beside_program(library, sizeof library, "libisolate_lib.so");
}

static bool open_instance(struct instance *i)
{
	i->set = gotcha_open(library);
	if (!i->set)
		return false;
	i->start = (void (*)(int))gotcha_sym(i->set, "lib_start");
	i->next = (int (*)(void))gotcha_sym(i->set, "lib_next");
	i->made = (int (*)(void))gotcha_sym(i->set, "lib_made");
	i->place = (const void *(*)(void))gotcha_sym(i->set, "lib_place");
	i->word = (const char *(*)(char *))gotcha_sym(i->set, "lib_word");
	i->chain = (int (*)(uint64_t, int, uint64_t *))gotcha_sym(i->set, "lib_chain");
	return i->start && i->next && i->made && i->place && i->word && i->chain;
}

static uint64_t results[INSTANCES];
static void *chain_on_thread(void *arg)
{
	struct instance *i = arg;
	for (int round = 0; round < 20; round++)
		if (!i->chain((uint64_t)(i - instances) + 1, 2000, &results[i - instances]))
			return NULL;
	return arg;
}

struct seen {
	const void *address;
	int times;
};
static int sees(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct seen *s = arg;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = (uintptr_t)s->address - info->dlpi_addr - p->p_vaddr;
		s->times += p->p_type == PT_LOAD && at < p->p_memsz;
	}
	return 0;
}

static void wrong_calls(void)
{
	errno = 0;
	ok(!gotcha_open("libthere_is_none.so") && errno == ENOENT, "a library that is not there: ENOENT");
	ok(strstr(inger_strerror(ENOENT), "libthere_is_none.so"), "inger_strerror() names it: %s", inger_strerror(ENOENT));
	ok(!gotcha_open("libm.so.6") && errno == ENOTSUP, "a library that is not copied: ENOTSUP");
	ok(strstr(inger_strerror(ENOTSUP), "libm.so.6"), "inger_strerror() names it: %s", inger_strerror(ENOTSUP));
	ok(!gotcha_sym(instances[0].set, "lib_nothing") && errno == ENOENT, "a symbol that is not there: ENOENT");
	ok(strstr(inger_strerror(ENOENT), "lib_nothing"), "inger_strerror() names it: %s", inger_strerror(ENOENT));
	ok(!gotcha_sym(NULL, "lib_next") && errno == EINVAL, "no libset: EINVAL");
	ok(!gotcha_sym(instances[0].set, NULL) && errno == EINVAL, "no symbol: EINVAL");
	ok(gotcha_enter(NULL) == -1 && errno == EINVAL, "entering nothing: EINVAL");
	ok(gotcha_leave() == -1 && errno == EINVAL, "leaving without having entered: EINVAL");
	ok(gotcha_close(NULL) == -1 && errno == EINVAL, "closing nothing: EINVAL");
	ok(gotcha_close((gotcha_t *)&wrong_calls) == -1 && errno == EINVAL, "closing what is no libset: EINVAL");
	int entered = 0;
	while (gotcha_enter(instances[0].set) == 0)
		entered++;
	ok(errno == EOVERFLOW && entered == 8, "entering too deep: EOVERFLOW after %d", entered);
	ok(gotcha_close(instances[0].set) == -1 && errno == EBUSY, "closing what somebody is in: EBUSY");
	while (gotcha_leave() == 0)
		entered--;
	is_int(entered, 0, "left as often");
	ok(!strcmp(inger_strerror(EDOM), strerrordesc_np(EDOM)), "inger_strerror() of another errno is the plain text");
}

int main(void)
{
	int good = 0;
	plan(30);
	find_library();
	for (int i = 0; i < INSTANCES; i++)
		good += open_instance(&instances[i]);
	is_int(good, INSTANCES, "%d instances of a library (%s)", INSTANCES, good < INSTANCES ? inger_strerror(errno) : "all open");
	if (good < INSTANCES)
		bail("gotcha_open");
	good = 0;
	for (int i = 0; i < INSTANCES; i++)
		for (int j = 0; j < i; j++)
			good += instances[i].place() != instances[j].place();
	is_int(good, INSTANCES * (INSTANCES - 1) / 2, "each has its static variable elsewhere");
	good = 0;
	for (int i = 0; i < INSTANCES; i++)
		good += instances[i].made() == 1;
	is_int(good, INSTANCES, "the constructors of each have run once");
	for (int i = 0; i < INSTANCES; i++)
		instances[i].start(100 * i);
	good = 0;
	for (int round = 1; round <= 3; round++)
		for (int i = 0; i < INSTANCES; i++)
			good += instances[i].next() == 100 * i + round;
	is_int(good, 3 * INSTANCES, "they count separately");

	Dl_info info;
	ok(dladdr((void *)instances[3].next, &info) && info.dli_sname && !strcmp(info.dli_sname, "lib_next") &&
		info.dli_saddr == (void *)instances[3].next && strstr(info.dli_fname, "libisolate_lib.so"),
		"dladdr() knows a function of an instance");
	struct seen seen = { (void *)instances[3].next, 0 };
	dl_iterate_phdr(sees, &seen);
	is_int(seen.times, 0, "from outside dl_iterate_phdr() does not show it");
	gotcha_enter(instances[3].set);
	dl_iterate_phdr(sees, &seen);
	gotcha_leave();
	is_int(seen.times, 1, "from inside it does, once");

	/* strtok() is libc's: which libset's is decided by where the thread is. */
	char a[] = "one two three", b[] = "uno due tre";
	gotcha_enter(instances[0].set);
	const char *first = instances[0].word(a);
	gotcha_leave();
	gotcha_enter(instances[1].set);
	const char *other = instances[1].word(b);
	gotcha_leave();
	gotcha_enter(instances[0].set);
	const char *second = instances[0].word(NULL);
	gotcha_leave();
	ok(first && second && other && !strcmp(first, "one") && !strcmp(other, "uno") && !strcmp(second, "two"),
		"strtok() goes on in each where it was");

	pthread_t threads[INSTANCES];
	void *value;
	good = 0;
	for (int i = 0; i < INSTANCES; i++)
		if (pthread_create(&threads[i], NULL, chain_on_thread, &instances[i]) != 0)
			bail("pthread_create");
	for (int i = 0; i < INSTANCES; i++)
		good += pthread_join(threads[i], &value) == 0 && value;
	is_int(good, INSTANCES, "a lock of the library is one of each instance: %d threads at once", INSTANCES);
	good = 0;
	for (int i = 0; i < INSTANCES; i++) {
		uint64_t alone = 0;
		good += instances[0].chain((uint64_t)i + 1, 2000, &alone) && alone == results[i];
	}
	is_int(good, INSTANCES, "with the results of one after the other");

	wrong_calls();
	long before = count_mappings();
	ok(gotcha_close(instances[7].set) == 0, "closed");
	ok(count_mappings() < before, "its mappings are gone");
	ok(gotcha_close(instances[7].set) == -1 && errno == EINVAL, "closed twice: EINVAL");
	ok(open_instance(&instances[7]) && instances[7].next() == 1, "opened again: a new instance");
	return done();
}
