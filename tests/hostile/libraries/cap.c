/* SPDX-License-Identifier: Apache-2.0 */
/* cap (libcap-dev: libcap): reads, writes and compares capability sets */
#include "library.h"
#include <sys/capability.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 200; i++) {
		char name[80];
		snprintf(name, sizeof name, "cap_chown,cap_kill%s=ep cap_net_raw%s", i % 2 ? "" : ",cap_sys_admin", number % 2 ? "+p" : "+i");
		cap_t set = cap_from_text(name), mine = cap_get_proc();
		char *text = cap_to_text(set, NULL);
		result = digest_text(result, text);
		result = digest_number(result, cap_compare(set, mine) != 0);
		cap_free(text);
		cap_free(set);
		cap_free(mine);
	}
	return digest_number(result, number);
}

LIBRARY(cap, work)
