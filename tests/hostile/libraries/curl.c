/* SPDX-License-Identifier: Apache-2.0 */
/* curl (libcurl4-openssl-dev: libcurl): reads a file by URL, takes URLs apart, encodes and decodes */
#include "library.h"
#include <curl/curl.h>

static size_t receive(char *bytes, size_t size, size_t count, void *result)
{
	*(uint64_t *)result += digest(0, bytes, size * count);
	return size * count;
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	CURL *easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, "file:///etc/passwd");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &result);
	result = digest_number(result, curl_easy_perform(easy));
	for (int i = 0; i < 50; i++) {
		char url[100], *part = NULL, *text = curl_easy_escape(easy, "a b&c=%", 0);
		CURLU *handle = curl_url();
		snprintf(url, sizeof url, "https://user%d@example.org:%d/path/%s?q=%d#x", number, 1000 + i, text, i);
		result = digest_number(result, curl_url_set(handle, CURLUPART_URL, url, 0));
		curl_url_get(handle, i % 2 ? CURLUPART_PATH : CURLUPART_USER, &part, CURLU_URLDECODE);
		result = digest_text(result, part);
		curl_free(part);
		curl_free(text);
		curl_url_cleanup(handle);
	}
	curl_easy_cleanup(easy);
	return result;
}

LIBRARY(curl, work)
