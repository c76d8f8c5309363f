/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_convert.c - converters of iconv_open(): some ten kilobytes each, which libc makes for its caller and links with tables that
 * it counts for everybody. So a converter is noted as the function's own and given back by iconv_close(), deferred as ever. */
#include "shim.h"
#include <errno.h>
#include <iconv.h>

SHIM_SLOT(iconv_open);
SHIM_SLOT(iconv_close);

static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

void own_close_converter(void *converter)
{
	(void)SHIM_REAL(int (*)(iconv_t), iconv_close)(converter);
}

SHIM_EXPORT iconv_t iconv_open(const char *to, const char *from)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);
	iconv_t converter = SHIM_REAL(iconv_t(*)(const char *, const char *), iconv_open)(to, from);

	if (converter != (iconv_t)-1 && owner && !own_add(owner, OWN_CONVERTER, converter)) {
		own_close_converter(converter);
		converter = (iconv_t)-1;
		errno = ENOMEM;
	}
	shim_defer_end(call, began);
	return converter;
}

SHIM_EXPORT int iconv_close(iconv_t converter)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	uint32_t *word = converter == (iconv_t)-1 ? NULL : own_word(converter);

	/* Whoever closes it: it is nobody's before its address can be given out again. */
	if (word)
		__atomic_store_n(word, 0, __ATOMIC_RELAXED);
	int result = SHIM_REAL(int (*)(iconv_t), iconv_close)(converter);
	shim_defer_end(call, began);
	return result;
}
