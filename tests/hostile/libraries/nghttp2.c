/* SPDX-License-Identifier: Apache-2.0 */
/* nghttp2 (libnghttp2-dev: libnghttp2): compresses headers and expands them */
#include "library.h"
#include <nghttp2/nghttp2.h>

static uint64_t work(int number)
{
	nghttp2_hd_deflater *deflater;
	nghttp2_hd_inflater *inflater;
	uint64_t result = 0;
	nghttp2_hd_deflate_new(&deflater, 4096);
	nghttp2_hd_inflate_new(&inflater);
	for (int i = 0; i < 100; i++) {
		char value[60];
		unsigned char bytes[600];
		snprintf(value, sizeof value, "value %d of %d", i, number);
		nghttp2_nv headers[] = { { (uint8_t *)":path", (uint8_t *)"/some/where", 5, 11, 0 }, { (uint8_t *)"x-header", (uint8_t *)value, 8, strlen(value), 0 } };
		long size = nghttp2_hd_deflate_hd(deflater, bytes, sizeof bytes, headers, 2);
		result = digest(result, bytes, size > 0 ? (size_t)size : 0);
		for (long at = 0;;) {
			nghttp2_nv header;
			int flags = 0;
			long used = nghttp2_hd_inflate_hd2(inflater, &header, &flags, bytes + at, (size_t)(size - at), 1);
			if (used < 0)
				return 0;
			at += used;
			if (flags & NGHTTP2_HD_INFLATE_EMIT)
				result = digest(result, header.value, header.valuelen);
			if (flags & NGHTTP2_HD_INFLATE_FINAL) {
				nghttp2_hd_inflate_end_headers(inflater);
				break;
			}
			if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && at == size)
				break;
		}
	}
	nghttp2_hd_deflate_del(deflater);
	nghttp2_hd_inflate_del(inflater);
	return result;
}

LIBRARY(nghttp2, work)
