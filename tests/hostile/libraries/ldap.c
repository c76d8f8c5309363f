/* SPDX-License-Identifier: Apache-2.0 */
/* ldap (libldap-dev: -lldap -llber): makes a handle, takes names and filters apart, encodes */
#include "library.h"
#include <ldap.h>
#include <lber.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	LDAP *handle = NULL;
	result = digest_number(result, ldap_initialize(&handle, "ldap://127.0.0.1:1"));
	for (int i = 0; i < 200; i++) {
		char name[80], *text = NULL;
		LDAPDN dn = NULL;
		snprintf(name, sizeof name, "cn=user %d,ou=group\\, %d,dc=example,dc=org", i, number);
		result = digest_number(result, ldap_str2dn(name, &dn, LDAP_DN_FORMAT_LDAPV3));
		ldap_dn2str(dn, &text, LDAP_DN_FORMAT_UFN);
		result = digest_text(result, text);
		ldap_memfree(text);
		ldap_dnfree(dn);
		BerElement *element = ber_alloc_t(LBER_USE_DER);
		struct berval *value = NULL;
		ber_printf(element, "{is}", i, name);
		ber_flatten(element, &value);
		result = digest(result, value->bv_val, value->bv_len);
		ber_bvfree(value);
		ber_free(element, 1);
	}
	ldap_unbind_ext(handle, NULL, NULL);
	return result;
}

LIBRARY(ldap, work)
