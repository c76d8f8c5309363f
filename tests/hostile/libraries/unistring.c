/* SPDX-License-Identifier: Apache-2.0 */
/* unistring (libunistring-dev: -lunistring): normalizes, compares and breaks text */
#include "library.h"
#include <unicase.h>
#include <uninorm.h>
#include <uniwbrk.h>

static uint64_t work(int number)
{
	char text[1000], breaks[1000];
	uint64_t result = 0;
	size_t length = 0;
	sample_text(text, sizeof text, number);
	uint8_t *made = u8_normalize(UNINORM_NFD, (uint8_t *)text, strlen(text), NULL, &length);
	result = digest(result, made, length);
	free(made);
	made = u8_toupper((uint8_t *)text, strlen(text), "de", UNINORM_NFC, NULL, &length);
	result = digest(result, made, length);
	free(made);
	u8_wordbreaks((uint8_t *)text, strlen(text), breaks);
	return digest(result, breaks, strlen(text));
}

LIBRARY(unistring, work)
