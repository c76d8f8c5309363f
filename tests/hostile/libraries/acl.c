/* SPDX-License-Identifier: Apache-2.0 */
/* acl (libacl1-dev: -lacl): reads, writes and checks access lists */
#include "library.h"
#include <sys/acl.h>
#include <acl/libacl.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 10; i++) {
		char text[100];
		snprintf(text, sizeof text, "user::rw-,user:%d:r--,group::r--,mask::%s,other::---", 1000 + i + number, i % 2 ? "rwx" : "r--");
		acl_t list = acl_from_text(text);
		result = digest_number(result, acl_valid(list));
		char *back = acl_to_text(list, NULL);
		result = digest_text(result, back);
		acl_free(back);
		acl_free(list);
	}
	return result;
}

LIBRARY(acl, work)
