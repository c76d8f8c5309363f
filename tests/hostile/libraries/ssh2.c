/* SPDX-License-Identifier: Apache-2.0 */
/* ssh2 (libssh2-1-dev: libssh2): makes sessions, sets methods, and ends them */
#include "library.h"
#include <libssh2.h>

static uint64_t work(int number)
{
	uint64_t result = digest_number(0, libssh2_init(0));
	for (int i = 0; i < 20; i++) {
		const char **methods = NULL;
		LIBSSH2_SESSION *session = libssh2_session_init();
		result = digest_number(result, libssh2_session_method_pref(session, LIBSSH2_METHOD_KEX, "ecdh-sha2-nistp256"));
		int count = libssh2_session_supported_algs(session, LIBSSH2_METHOD_CRYPT_CS, &methods);
		result = digest_text(result, count > 0 ? methods[(number + i) % count] : NULL);
		libssh2_free(session, methods);
		libssh2_session_free(session);
	}
	libssh2_exit();
	return result;
}

LIBRARY(ssh2, work)
