/* SPDX-License-Identifier: Apache-2.0 */
/* gcrypt (libgcrypt20-dev: libgcrypt): digests, encrypts, and multiplies numbers of 2,048 bits */
#include "library.h"
#include <gcrypt.h>

static uint64_t work(int number)
{
	unsigned char text[8192], md[32], *hex;
	gcry_cipher_hd_t cipher;
	uint64_t result;
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	sample(text, sizeof text, number);
	gcry_md_hash_buffer(GCRY_MD_SHA256, md, text, sizeof text);
	result = digest(0, md, sizeof md);
	result = digest_number(result, gcry_cipher_open(&cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_CBC, 0));
	gcry_cipher_setkey(cipher, md, 32);
	gcry_cipher_setiv(cipher, md, 16);
	gcry_cipher_encrypt(cipher, text, sizeof text, NULL, 0);
	result = digest(result, text, sizeof text);
	gcry_cipher_close(cipher);
	gcry_mpi_t base, modulus, power = gcry_mpi_new(0);
	gcry_mpi_scan(&base, GCRYMPI_FMT_USG, text, 256, NULL);
	gcry_mpi_scan(&modulus, GCRYMPI_FMT_USG, text + 300, 256, NULL);
	gcry_mpi_set_bit(modulus, 0);
	gcry_mpi_powm(power, base, base, modulus);
	gcry_mpi_aprint(GCRYMPI_FMT_HEX, &hex, NULL, power);
	result = digest_text(result, (char *)hex);
	gcry_free(hex);
	gcry_mpi_release(base), gcry_mpi_release(modulus), gcry_mpi_release(power);
	return result;
}

LIBRARY(gcrypt, work)
