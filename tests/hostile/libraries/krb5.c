/* SPDX-License-Identifier: Apache-2.0 */
/* krb5 (libkrb5-dev: krb5): makes a context, takes names apart, turns a password into a key */
#include "library.h"
#include <krb5.h>

static uint64_t work(int number)
{
	krb5_context context;
	krb5_principal principal;
	char name[60], *back;
	uint64_t result = digest_number(0, krb5_init_context(&context));
	if (result != digest_number(0, 0))
		return 1;
	snprintf(name, sizeof name, "user%d/admin@EXAMPLE.ORG", number);
	result = digest_number(result, krb5_parse_name(context, name, &principal));
	krb5_unparse_name(context, principal, &back);
	result = digest_text(result, back);
	krb5_free_unparsed_name(context, back);
	krb5_free_principal(context, principal);
	krb5_data word = { .data = name, .length = 8 }, salt = { .data = name, .length = 12 };
	krb5_keyblock key;
	result = digest_number(result, krb5_c_string_to_key(context, ENCTYPE_AES256_CTS_HMAC_SHA1_96, &word, &salt, &key));
	result = digest(result, key.contents, key.length);
	krb5_free_keyblock_contents(context, &key);
	krb5_free_context(context);
	return result;
}

LIBRARY(krb5, work)
