/* SPDX-License-Identifier: Apache-2.0 */
/* freetype (libfreetype-dev: freetype2): opens a font of the machine and renders letters */
#include "library.h"
#include <ft2build.h>
#include FT_FREETYPE_H
#include <glob.h>

static uint64_t work(int number)
{
	FT_Library library;
	FT_Face face;
	glob_t found;
	uint64_t result = digest_number(0, FT_Init_FreeType(&library));
	if (glob("/usr/share/fonts/truetype/*/*.ttf", 0, NULL, &found) == 0) {
		if (FT_New_Face(library, found.gl_pathv[0], 0, &face) == 0) {
			FT_Set_Pixel_Sizes(face, 0, 24);
			for (int i = 0; i < 40; i++)
				if (FT_Load_Char(face, (FT_ULong)('A' + (i + number) % 58), FT_LOAD_RENDER) == 0)
					result = digest(result, face->glyph->bitmap.buffer, (size_t)face->glyph->bitmap.rows * (size_t)face->glyph->bitmap.pitch);
			FT_Done_Face(face);
		}
		globfree(&found);
	}
	FT_Done_FreeType(library);
	return digest_number(result, number);
}

LIBRARY(freetype, work)
