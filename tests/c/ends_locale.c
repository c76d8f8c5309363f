/* SPDX-License-Identifier: Apache-2.0 */
/* ends_locale: functions that set a locale and are cancelled leave none of its files mapped. */
#include <locale.h>
#include "helpers.h"

#define CANCELS 40
#define SPARE 8

static int set;
static char name[200];
static void sets(void *arg)
{
	set += setlocale(LC_ALL, "C.UTF-8") != NULL;
	set += setlocale(LC_NUMERIC, "C") != NULL;
	snprintf(name, sizeof name, "%s", setlocale(LC_ALL, NULL));
	inger_pause();
	(void)arg;
}

static int cancels(int count)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	int good = 0;
	attr.isolation = INGER_ISOLATED;
	for (int i = 0; i < count; i++) {
		linger_t call = inger_launch_attr(sets, TO_COMPLETION, NULL, &attr);
		good += !call.is_complete && cancel(&call) == 0;
	}
	return good;
}

int main(void)
{
	plan(4);
	cancels(10);
	if (!set) {
		skip(4, "there is no C.UTF-8");
		return done();
	}
	set = 0;
	long before = count_mappings();
	is_int(cancels(CANCELS), CANCELS, "functions that set a locale are cancelled");
	is_int(set, 2 * CANCELS, "it was set in each");
	ok(strncmp(name, "LC_CTYPE=C.UTF-8;LC_NUMERIC=C;", 30) == 0, "and is called %.40s…", name);
	long after = count_mappings();
	for (int i = 0; after - before > SPARE && i < 100; i++) {
		usleep(20000); /* libsets are unmade by a thread */
		after = count_mappings();
	}
	ok(after - before <= SPARE, "mappings: %ld before, %ld after", before, after);
	return done();
}
