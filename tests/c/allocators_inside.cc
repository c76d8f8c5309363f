/* SPDX-License-Identifier: Apache-2.0 */
/* allocators_inside: what allocators.t runs with jemalloc, tcmalloc and mimalloc, before the library and behind it. Blocks of
 * all kinds are made, filled, looked at and freed in functions that are paused anywhere, go on on another thread and are
 * cancelled, and outside of them meanwhile.
 *
 * allocators_inside storm|cancels|pairs isolated|shared. Says what is wrong; exit status 0: nothing. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inger.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int wrong;
#define CHECK(condition)                                                                             \
	do {                                                                                         \
		if (!(condition)) {                                                                  \
			wrong++;                                                                     \
			fprintf(stderr, "# %s:%d: %s, errno %s\n", __FILE__, __LINE__, #condition, inger_strerror(errno)); \
		}                                                                                    \
	} while (0)

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The entry points of an allocator's own that the process has. */
static void *(*own_malloc)(size_t, size_t);
static void (*own_free)(void *, size_t);

static void find_own(void)
{
	static const char *const names[][2] = {{"mallocx", "dallocx"}, {"tc_malloc", "tc_free"}, {"mi_malloc", "mi_free"}};
	for (auto &pair : names) {
		void *make = dlsym(RTLD_DEFAULT, pair[0]), *give = dlsym(RTLD_DEFAULT, pair[1]);
		if (!own_malloc && make && give) {
			memcpy(&own_malloc, &make, sizeof make);
			memcpy(&own_free, &give, sizeof give);
		}
	}
}

enum { KINDS = 10, BLOCKS = 48 };
struct block {
	unsigned char *at;
	size_t bytes;
	unsigned kind;
};

static void make(block *b, unsigned kind, size_t bytes)
{
	void *p = nullptr;
	b->kind = kind;
	b->bytes = bytes;
	switch (kind) {
	case 0: p = malloc(bytes); break;
	case 1: p = calloc(bytes, 1); break;
	case 2: p = realloc(malloc(bytes / 2 + 1), bytes); break;
	case 3: p = posix_memalign(&p, 64, bytes) == 0 ? p : nullptr; break;
	case 4: p = aligned_alloc(32, (bytes + 31) & ~(size_t)31); break;
	case 5: p = ::operator new(bytes); break;
	case 6: p = ::operator new[](bytes); break;
	case 7: p = ::operator new(bytes, std::align_val_t(128)); break;
	case 8: p = reallocarray(nullptr, bytes, 1); break;
	case 9: p = own_malloc ? own_malloc(bytes, 0) : malloc(bytes); break;
	}
	b->at = (unsigned char *)p;
	memset(p, (int)(kind + bytes), bytes);
}

static bool good(const block *b)
{
	unsigned char with = (unsigned char)(b->kind + b->bytes);
	for (size_t i = 0; i < b->bytes; i += 1 + b->bytes / 50)
		if (b->at[i] != with)
			return false;
	return true;
}

static void give_back(block *b)
{
	switch (b->kind) {
	case 5: ::operator delete(b->at, b->bytes); break;
	case 6: ::operator delete[](b->at); break;
	case 7: ::operator delete(b->at, std::align_val_t(128)); break;
	case 9: own_malloc ? own_free(b->at, 0) : free(b->at); break;
	default: free(b->at);
	}
	b->at = nullptr;
}

static void turn(block *blocks, unsigned *seed)
{
	block *b = &blocks[rand_r(seed) % BLOCKS];
	if (b->at) {
		if (!good(b)) {
			static const char text[] = "# a block has changed\n";
			wrong++;
			(void)!write(2, text, sizeof text - 1);
		}
		give_back(b);
	} else {
		make(b, (unsigned)rand_r(seed) % KINDS, 1 + (size_t)rand_r(seed) % (rand_r(seed) % 16 ? 300 : 70000));
	}
}

static void churn(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	block blocks[BLOCKS] = {};
	for (;;)
		turn(blocks, &seed);
}

static inger_attr attributes = INGER_ATTR_INIT;

/* ---- two threads that take any of the paused calls */

enum { CALLS = 6 };
static linger_t calls[CALLS];
static bool taken[CALLS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double end;
static long cancelled;

static void *storm(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	block blocks[BLOCKS] = {};
	for (int n = 0; now() < end; n++) {
		int k = rand_r(&seed) % CALLS;
		pthread_mutex_lock(&lock);
		bool mine = !taken[k];
		taken[k] = true;
		pthread_mutex_unlock(&lock);
		if (!mine)
			continue;
		uint64_t budget = 20 + (uint64_t)rand_r(&seed) % 200;
		if (!calls[k].continuation) {
			calls[k] = inger_launch_attr(churn, budget, (void *)(uintptr_t)rand_r(&seed), &attributes);
			CHECK(calls[k].continuation);
		} else {
			CHECK(resume(&calls[k], budget) == 0);
		}
		if (calls[k].continuation && rand_r(&seed) % 12 == 0) {
			int result = cancel(&calls[k]);
			CHECK(result == 0 || errno == EBUSY);
			__atomic_fetch_add(&cancelled, result == 0, __ATOMIC_RELAXED);
		}
		pthread_mutex_lock(&lock);
		taken[k] = false;
		pthread_mutex_unlock(&lock);
		for (int i = 0; i < 40; i++)
			turn(blocks, &seed);
		if (n % 64 == 63) {
			pid_t child = fork();
			if (child == 0) {
				for (int i = 0; i < 200; i++)
					turn(blocks, &seed);
				_exit(wrong != 0);
			}
			int status = -1;
			CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
		}
	}
	for (block &b : blocks)
		if (b.at)
			give_back(&b);
	return nullptr;
}

static void storms(void)
{
	pthread_t other;
	end = now() + 0.25;
	CHECK(pthread_create(&other, nullptr, storm, (void *)2) == 0);
	storm((void *)1);
	pthread_join(other, nullptr);
	for (linger_t &c : calls)
		CHECK(!c.continuation || cancel(&c) == 0);
	printf("# %ld cancelled\n", cancelled);
}

/* ---- what cancelled calls had is given back, and their caches do not pile up */

static void grow(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	block blocks[10 * BLOCKS] = {};
	for (int i = 0; i < 10 * BLOCKS; i++)
		make(&blocks[i], (unsigned)i % KINDS, 1 + (size_t)rand_r(&seed) % 1000);
	for (;;)
		inger_pause();
}

static long resident_kb(void)
{
	long all = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%ld %ld", &all, &resident) == 2);
	if (f)
		fclose(f);
	return resident * 4;
}

static void cancel_some(int count)
{
	for (int i = 0; i < count; i++) {
		linger_t c = inger_launch_attr(i % 2 ? grow : churn, i % 2 ? TO_COMPLETION : 100, (void *)(uintptr_t)i, &attributes);
		CHECK(c.continuation && cancel(&c) == 0);
	}
}

static void cancels(void)
{
	cancel_some(200);
	long before = resident_kb();
	cancel_some(500);
	long grown = resident_kb() - before;
	printf("# grown by %ld KiB of %ld\n", grown, before);
	/* The blocks of all would be 60 MiB, a thread's cache for each 10. That libsets come and go is some 20 MiB. */
	CHECK(grown < (attributes.isolation == INGER_SHARED ? 6000 : 30000));
}

/* ---- made by one function of libc, freed by another; and with a limit */

static void pairs_once(void *)
{
	for (int i = 1; i < 60; i++) {
		char *text = nullptr;
		size_t bytes = 0;
		CHECK(asprintf(&text, "%*d", i, i) == i);
		text = (char *)reallocarray(text, 2, (size_t)i + 1);
		free(text);
		FILE *f = open_memstream(&text, &bytes);
		fprintf(f, "text %d", i);
		fclose(f);
		free(text);
		free(strdup("words"));
		free(realpath("/usr", nullptr));
		dirent **list;
		int count = scandir("/etc/apt", &list, nullptr, alphasort);
		while (count > 0)
			free(list[--count]);
		if (count == 0)
			free(list);
	}
}

static void too_much(void *arg)
{
	void **kept = (void **)arg;
	kept[0] = malloc(1000);
	kept[1] = malloc(200000);
	try {
		kept[2] = ::operator new(200000);
	} catch (const std::bad_alloc &) {
		kept[3] = kept;
	}
	free(kept[0]);
}

static void pairs(void)
{
	pairs_once(nullptr);
	CHECK(inger_call(pairs_once, nullptr, TO_COMPLETION, &attributes) == 0);
	pairs_once(nullptr);
	void *kept[4] = {};
	attributes.heap_bytes = 100000;
	CHECK(inger_call(too_much, kept, TO_COMPLETION, &attributes) == 0);
	CHECK(kept[0] && !kept[1] && !kept[2] && kept[3]);
}

int main(int count, char **arguments)
{
	if (count != 3)
		return 2;
	attributes.isolation = strcmp(arguments[2], "shared") == 0 ? INGER_SHARED : INGER_ISOLATED;
	find_own();
	if (strcmp(arguments[1], "storm") == 0)
		storms();
	else if (strcmp(arguments[1], "cancels") == 0)
		cancels();
	else
		pairs();
	return wrong != 0;
}
