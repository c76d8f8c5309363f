/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_time: broken-down times and their texts, which libc returns in buffers of its own: those that two paused
 * calls and the program hold stay what they were. */
#include "isolate.h"

static const time_t moments[RUNS] = { 0, 1000000000, 1700000000 };

static void note_time(struct run *r, const struct tm *t)
{
	note(r, "%d-%d-%d %d:%d:%d %d %s;", t->tm_year, t->tm_mon, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec, t->tm_isdst,
	     t->tm_zone);
}

static void local_times(struct run *r)
{
	for (int i = 0; i < 5; i++) {
		time_t moment = moments[r->who] + i * 40 * 86400;
		const struct tm *held = localtime(&moment);
		step(r);
		note_time(r, held);
	}
}

static void universal_times(struct run *r)
{
	for (int i = 0; i < 5; i++) {
		time_t moment = moments[r->who] + i * 3601;
		const struct tm *held = gmtime(&moment);
		step(r);
		note_time(r, held);
	}
}

static void texts(struct run *r)
{
	struct tm t = { .tm_year = 90 + r->who, .tm_mon = r->who, .tm_mday = 1 };
	for (int i = 0; i < 5; i++) {
		t.tm_mday = t.tm_wday = i + 1;
		const char *held = asctime(&t);
		step(r);
		note(r, "%s", held);
	}
}

static void texts_of_moments(struct run *r)
{
	for (int i = 0; i < 5; i++) {
		time_t moment = moments[r->who] + i * 86400;
		const char *held = ctime(&moment);
		step(r);
		note(r, "%s", held);
	}
}

/* There and back: the zone is the program's and the same for all, so nothing of it is spoilt. */
static void back_to_moments(struct run *r)
{
	for (int i = 0; i < 5; i++) {
		struct tm t = { .tm_year = 100 + r->who, .tm_mon = i * 3, .tm_mday = 40, .tm_hour = 12, .tm_isdst = -1 };
		step(r);
		time_t moment = mktime(&t);
		step(r);
		note(r, "%ld ", (long)moment);
		note_time(r, &t);
		note(r, "%ld ", (long)timegm(&t));
	}
}

static void formats(struct run *r)
{
	char text[128];
	for (int i = 0; i < 5; i++) {
		time_t moment = moments[r->who] + i * 7 * 86400;
		struct tm t;
		localtime_r(&moment, &t);
		step(r);
		strftime(text, sizeof text, "%c %Z %z %j %G-%V", &t);
		note(r, "%s;", text);
		memset(&t, 0, sizeof t);
		step(r);
		note(r, "%d ", strptime("2024-02-29 13:14:15", "%Y-%m-%d %T", &t) ? t.tm_yday : -1);
	}
}

/* localtime() looks at TZ each time. TZ and what tzset() makes of it are the process's; the result is the function's. */
static void zones_again(struct run *r)
{
	static const char *const names[RUNS] = { "AAA-3", "BBB5BST", "PPP0:30" };
	for (int i = 0; i < 4; i++) {
		time_t moment = moments[r->who] + i * 90 * 86400;
		setenv("TZ", names[r->who], 1);
		const struct tm *held = localtime(&moment);
		step(r);
		note_time(r, held);
	}
}

static const struct isolate_case cases[] = {
	{ "localtime", local_times, STATEFUL },
	{ "gmtime", universal_times, STATEFUL },
	{ "asctime", texts, STATEFUL },
	{ "ctime", texts_of_moments, STATEFUL },
	{ "mktime and timegm", back_to_moments, SAFE },
	{ "strftime and strptime", formats, SAFE },
	{ "localtime in another zone", zones_again, STATEFUL_WHOLE },
};

int main(void)
{
	plan(COUNT(cases) * CASE_TESTS);
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	test_cases(cases, COUNT(cases));
	return done();
}
