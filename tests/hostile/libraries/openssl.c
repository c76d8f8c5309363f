/* SPDX-License-Identifier: Apache-2.0 */
/* openssl (libssl-dev: -lssl -lcrypto): digests, encrypts, signs with a new key and verifies, makes a TLS context */
#include "library.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

static uint64_t work(int number)
{
	unsigned char text[4096], md[64], out[sizeof text + 64];
	unsigned length = 0;
	int part = 0;
	memset(text, number, sizeof text);
	EVP_MD_CTX *md_context = EVP_MD_CTX_new();
	EVP_DigestInit_ex(md_context, EVP_sha256(), NULL);
	for (int i = 0; i < 20; i++)
		EVP_DigestUpdate(md_context, text, sizeof text);
	EVP_DigestFinal_ex(md_context, md, &length);
	EVP_MD_CTX_free(md_context);
	uint64_t result = digest(0, md, length);

	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, md, md + 8);
	EVP_EncryptUpdate(cipher, out, &part, text, sizeof text);
	result = digest(result, out, (size_t)part);
	EVP_CIPHER_CTX_free(cipher);

	size_t size = sizeof out;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	md_context = EVP_MD_CTX_new();
	result = digest_number(result, EVP_DigestSignInit(md_context, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(md_context, out, &size, text, 100) == 1);
	EVP_MD_CTX_free(md_context);
	md_context = EVP_MD_CTX_new();
	EVP_DigestVerifyInit(md_context, NULL, EVP_sha256(), NULL, key);
	result = digest_number(result, EVP_DigestVerify(md_context, out, size, text, 100));
	EVP_MD_CTX_free(md_context);
	EVP_PKEY_free(key);

	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	result = digest_number(result, ssl != NULL);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return result;
}

LIBRARY(openssl, work)
