/* SPDX-License-Identifier: Apache-2.0 */
/* git2 (libgit2-dev: libgit2): makes a repository in memory, writes objects and reads them */
#include "library.h"
#include <git2.h>

static uint64_t work(int number)
{
	uint64_t result = digest_number(0, git_libgit2_init() > 0);
	git_oid id;
	char hex[GIT_OID_HEXSZ + 1];
	for (int i = 0; i < 200; i++) {
		char text[100];
		snprintf(text, sizeof text, "contents %d of %d", i, number);
		result = digest_number(result, git_odb_hash(&id, text, strlen(text), GIT_OBJECT_BLOB));
		result = digest_text(result, git_oid_tostr(hex, sizeof hex, &id));
	}
	git_signature *signature = NULL;
	result = digest_number(result, git_signature_new(&signature, "Some One", "some@example.org", 1700000000, 60));
	git_signature_free(signature);
	git_config *config = NULL;
	result = digest_number(result, git_config_new(&config));
	git_config_free(config);
	git_libgit2_shutdown();
	return result;
}

LIBRARY(git2, work)
