/* SPDX-License-Identifier: Apache-2.0 */
/* sasl (libsasl2-dev: -lsasl2): encodes, and decodes */
#include "library.h"
#include <sasl/sasl.h>
#include <sasl/saslutil.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	char in[1024], out[2048], back[1500];
	unsigned length = 0;
	result = digest_number(result, sasl_client_init(NULL));
	for (int i = 0; i < 100; i++) {
		sample((unsigned char *)in, sizeof in, number + i);
		result = digest_number(result, sasl_encode64(in, sizeof in, out, sizeof out, &length));
		result = digest(result, out, length);
		result = digest_number(result, sasl_decode64(out, length, back, sizeof back, &length));
		result = digest(result, back, length);
	}
	sasl_conn_t *connection = NULL;
	result = digest_number(result, sasl_client_new("imap", "example.org", NULL, NULL, NULL, 0, &connection));
	sasl_dispose(&connection);
	sasl_client_done();
	return result;
}

LIBRARY(sasl, work)
