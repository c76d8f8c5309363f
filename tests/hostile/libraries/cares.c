/* SPDX-License-Identifier: Apache-2.0 */
/* cares (libc-ares-dev: libcares): makes channels and takes names and answers apart */
#include "library.h"
#include <ares.h>
#include <arpa/nameser.h>

static uint64_t work(int number)
{
	uint64_t result = digest_number(0, ares_library_init(ARES_LIB_INIT_ALL));
	for (int i = 0; i < 20; i++) {
		ares_channel channel;
		unsigned char *query = NULL;
		int length = 0;
		char name[60];
		snprintf(name, sizeof name, "host%d.example%d.org", i, number);
		result = digest_number(result, ares_init(&channel));
		result = digest_number(result, ares_create_query(name, 1, 1, 77, 1, &query, &length, 0));
		result = digest(result, query, (size_t)length);
		ares_free_string(query);
		ares_destroy(channel);
	}
	ares_library_cleanup();
	return result;
}

LIBRARY(cares, work)
