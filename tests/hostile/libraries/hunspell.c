/* SPDX-License-Identifier: Apache-2.0 */
/* hunspell (libhunspell-dev: hunspell): reads a dictionary that it is given, and checks and suggests */
#include "library.h"
#include <hunspell/hunspell.h>
#include <unistd.h>

static uint64_t work(int number)
{
	char folder[] = "/tmp/hostile_hunspell.XXXXXX", affix[60], words[60], **suggestions;
	if (!mkdtemp(folder))
		return 0;
	snprintf(affix, sizeof affix, "%s/x.aff", folder);
	snprintf(words, sizeof words, "%s/x.dic", folder);
	FILE *file = fopen(affix, "we");
	fprintf(file, "SET UTF-8\nTRY aeionrts\nSFX S Y 1\nSFX S 0 s .\n");
	fclose(file);
	file = fopen(words, "we");
	fprintf(file, "200\n");
	for (int i = 0; i < 200; i++)
		fprintf(file, "word%c%c%c/S\n", 'a' + i % 26, 'a' + i / 26, 'a' + number);
	fclose(file);
	Hunhandle *handle = Hunspell_create(affix, words);
	uint64_t result = digest_number(0, Hunspell_spell(handle, "wordaaas"));
	int count = Hunspell_suggest(handle, &suggestions, "wordab");
	for (int i = 0; i < count; i++)
		result = digest_text(result, suggestions[i]);
	Hunspell_free_list(handle, &suggestions, count);
	Hunspell_destroy(handle);
	unlink(affix), unlink(words), rmdir(folder);
	return result;
}

LIBRARY(hunspell, work)
