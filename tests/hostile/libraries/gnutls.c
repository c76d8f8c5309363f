/* SPDX-License-Identifier: Apache-2.0 */
/* gnutls (libgnutls28-dev: gnutls): digests, encrypts, makes a key and signs, sets a session up */
#include "library.h"
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

static uint64_t work(int number)
{
	unsigned char text[4096], md[32], key_bytes[32], iv[16];
	uint64_t result = 0;
	memset(text, number, sizeof text);
	memset(key_bytes, 1, sizeof key_bytes);
	memset(iv, 2, sizeof iv);
	result = digest_number(result, gnutls_hash_fast(GNUTLS_DIG_SHA256, text, sizeof text, md));
	result = digest(result, md, sizeof md);
	gnutls_cipher_hd_t cipher;
	gnutls_datum_t key = { key_bytes, sizeof key_bytes }, start = { iv, sizeof iv }, data = { text, 100 }, signature;
	result = digest_number(result, gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_CBC, &key, &start));
	gnutls_cipher_encrypt(cipher, text, sizeof text);
	result = digest(result, text, sizeof text);
	gnutls_cipher_deinit(cipher);
	gnutls_privkey_t private;
	gnutls_pubkey_t public;
	gnutls_privkey_init(&private);
	gnutls_pubkey_init(&public);
	result = digest_number(result, gnutls_privkey_generate(private, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	result = digest_number(result, gnutls_privkey_sign_data(private, GNUTLS_DIG_SHA256, 0, &data, &signature));
	gnutls_pubkey_import_privkey(public, private, 0, 0);
	result = digest_number(result, gnutls_pubkey_verify_data2(public, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signature));
	gnutls_free(signature.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
	gnutls_session_t session;
	result = digest_number(result, gnutls_init(&session, GNUTLS_CLIENT));
	result = digest_number(result, gnutls_set_default_priority(session));
	gnutls_deinit(session);
	return result;
}

LIBRARY(gnutls, work)
