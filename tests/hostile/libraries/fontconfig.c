/* SPDX-License-Identifier: Apache-2.0 */
/* fontconfig (libfontconfig-dev: fontconfig): reads a configuration of its own, and matches patterns */
#include "library.h"
#include <fontconfig/fontconfig.h>

static uint64_t work(int number)
{
	FcConfig *config = FcConfigCreate();
	uint64_t result = digest_number(0, FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)"<fontconfig><match target='pattern'><edit name='size' mode='assign'><double>11</double></edit></match></fontconfig>", 1));
	for (int i = 0; i < 100; i++) {
		char name[60];
		snprintf(name, sizeof name, "Sans-%d:bold:lang=de:weight=%d", i + 5, number * 20);
		FcPattern *pattern = FcNameParse((const FcChar8 *)name);
		FcConfigSubstitute(config, pattern, FcMatchPattern);
		FcDefaultSubstitute(pattern);
		double size = 0;
		FcPatternGetDouble(pattern, FC_SIZE, 0, &size);
		result = digest_number(result, (long long)size);
		result = digest_number(result, FcPatternObjectCount(pattern));
		FcPatternDestroy(pattern);
	}
	FcConfigDestroy(config);
	return digest_number(result, number);
}

LIBRARY(fontconfig, work)
