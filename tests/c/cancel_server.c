/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_server: a loop that serves requests, one of five of which never ends: a pattern that backtracks for years, a loop, one
 * that allocates, one that keeps opening files, one that waits. Each request has a deadline of 2 ms and nothing else is
 * changed: the answers of the others are right, and nobody waits for longer than the deadlines before him. */
#include "cancel_work.h"

#define REQUESTS 1000
#define DEADLINE_US 2000
#define TRIES 14

struct request {
	int number;
	bool runaway;
	uint64_t answer;
	bool served;
	int status; /* of inger_call() */
};

static uint64_t served; /* the loop's own state, which runaways leave alone */

static uint64_t endless_pattern(void)
{
	char text[64];
	regex_t expression;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	int result = regcomp(&expression, "^(((a+)+)+)+\\1\\2\\3b$", REG_EXTENDED);
	while (result == 0)
		regexec(&expression, text, 0, NULL, 0);
	return 1;
}
static uint64_t endless_pcre2(void)
{
	int error;
	PCRE2_SIZE offset;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR) "(a+)+(a+)+(a+)+$", PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
	pcre2_match_data *match = code ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	while (match)
		pcre2_match(code, (PCRE2_SPTR) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 41, 0, 0, match, NULL);
	return 1;
}
static uint64_t endless_loop(void)
{
	static volatile int over;
	while (!over)
		;
	return 1;
}
static uint64_t endless_memory(void)
{
	struct node *first = NULL, *next;
	while ((next = calloc(1, sizeof *next))) {
		next->left = first;
		next->name = strdup(work_text);
		first = next;
	}
	return 1;
}
static uint64_t endless_files(void)
{
	int fd = 0;
	for (;;)
		if (!fopen(work_file, "r") || (fd = open(work_file, O_RDONLY)) < 0)
			usleep(100);
	return (uint64_t)fd;
}
static uint64_t endless_query(void)
{
	sqlite3 *db;
	if (sqlite3_open(":memory:", &db) == SQLITE_OK)
		sqlite3_exec(db, "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n", NULL, NULL, NULL);
	return 1;
}
static uint64_t endless_wait(void)
{
	int ends[2];
	char byte;
	if (pipe(ends) == 0)
		return (uint64_t)read(ends[0], &byte, 1);
	return 1;
}

static uint64_t (*const endless[])(void) = {
	endless_pattern, endless_pcre2, endless_loop, endless_memory, endless_files, endless_query, endless_wait,
};

/* What serves a request, which knows nothing of deadlines. */
static void serve(void *arg)
{
	struct request *r = arg;
	uint64_t answer = r->runaway ? endless[r->number % COUNT(endless)]() : works[r->number % WORKS].once(r->number % NUMBERS);
	r->answer = answer;
	r->served = true;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct request requests[REQUESTS];

static void make_requests(uint64_t seed)
{
	int runaways = REQUESTS / 5;
	for (int i = 0; i < REQUESTS; i++)
		requests[i] = (struct request){ .number = (int)(random_next(&seed) >> 40) };
	while (runaways > 0) {
		struct request *r = &requests[random_next(&seed) % REQUESTS];
		runaways -= !r->runaway;
		r->runaway = true;
	}
}

struct serving {
	int right, ended, before_time; /* requests answered rightly, runaways ended, and those of them too early */
	int late;      /* good ones that had to wait for more than the deadlines before them, in processor time */
	int again;     /* good ones that were asked again */
	uint64_t worst_us;
};

/* What a runaway may cost in processor time: some deadlines, since a busy machine's clock is late and what it has is to be
 * released; and this loop itself. Waiting for the processor is nobody's fault here and is not counted. */
#define RUNAWAY_NS (5 * DEADLINE_US * 1000u)
#define LOOP_NS 5000000u

static void good_one(struct request *r, struct serving *s)
{
	uint64_t deadline_us = DEADLINE_US;
	for (int i = 0; i < TRIES; i++, deadline_us *= 2) {
		r->status = inger_call(serve, r, deadline_us, NULL);
		if (r->status != ETIMEDOUT)
			break;
		s->again++;
	}
	s->right += r->status == 0 && r->served && r->answer == work_want[r->number % WORKS][r->number % NUMBERS];
	served++;
}

static void runaway_one(struct request *r, struct serving *s)
{
	uint64_t start_ns = now_ns();
	r->status = inger_call(serve, r, DEADLINE_US, NULL);
	s->ended += r->status == ETIMEDOUT && !r->served;
	s->before_time += now_ns() - start_ns < DEADLINE_US * 1000u;
}

static struct serving serve_all(void)
{
	struct serving s = { 0 };
	uint64_t begun = cpu_ns(), allowed = LOOP_NS;
	for (int i = 0; i < REQUESTS; i++) {
		struct request *r = &requests[i];
		if (r->runaway) {
			runaway_one(r, &s);
			allowed += RUNAWAY_NS;
			continue;
		}
		/* Everything until now is what this one has waited for. */
		uint64_t before = cpu_ns();
		if (before - begun > allowed) {
			s.late++;
			uint64_t over_us = (before - begun - allowed) / 1000;
			s.worst_us = over_us > s.worst_us ? over_us : s.worst_us;
		}
		good_one(r, &s);
		allowed += cpu_ns() - before;
	}
	return s;
}

int main(void)
{
	plan(11);
	uint64_t seed = random_seed();
	works_prepare();
	make_requests(seed);
	serve_all();
	long resident = resident_kib(), descriptors = count_descriptors(), mappings = count_mappings();
	make_requests(seed + 1);
	served = 0;
	struct serving s = serve_all();
	is_int(s.right, REQUESTS * 4 / 5, "each good request has its right answer");
	diag("%d times a good one was asked again", s.again);
	is_int(served, REQUESTS * 4 / 5, "and the loop has seen each of them");
	is_int(s.ended, REQUESTS / 5, "each runaway is ended");
	is_int(s.before_time, 0, "none before its time");
	ok(s.late == 0, "no good request waits for more than the deadlines before it allow (%d did, by up to %llu us)", s.late,
	   (unsigned long long)s.worst_us);
	ok(settles(resident_kib, resident + 16384), "%ld KiB of memory, %ld before", resident_kib(), resident);
	ok(settles(count_descriptors, descriptors), "%ld descriptors, %ld before", count_descriptors(), descriptors);
	ok(settles(count_mappings, mappings + 128), "%ld mappings, %ld before", count_mappings(), mappings);
	is_int(works_right(), WORKS * NUMBERS, "the program's own work is right");
	is_int(pthread_mutex_trylock(&work_mutex), 0, "the mutex is free");
	is_int(further(10000), 10000, "10,000 further calls are right");
	works_end();
	return done();
}
