/* SPDX-License-Identifier: Apache-2.0 */
/* harfbuzz (libharfbuzz-dev: harfbuzz): makes a font of functions and shapes text */
#include "library.h"
#include <hb.h>
#include <glob.h>

static uint64_t work(int number)
{
	glob_t found;
	uint64_t result = digest_number(0, number);
	if (glob("/usr/share/fonts/truetype/*/*.ttf", 0, NULL, &found) != 0)
		return result;
	hb_blob_t *blob = hb_blob_create_from_file(found.gl_pathv[0]);
	hb_face_t *face = hb_face_create(blob, 0);
	hb_font_t *font = hb_font_create(face);
	char text[200];
	sample_text(text, sizeof text, number);
	for (int i = 0; i < 5; i++) {
		hb_buffer_t *buffer = hb_buffer_create();
		hb_buffer_add_utf8(buffer, text, -1, 0, -1);
		hb_buffer_guess_segment_properties(buffer);
		hb_shape(font, buffer, NULL, 0);
		unsigned count = 0;
		hb_glyph_info_t *info = hb_buffer_get_glyph_infos(buffer, &count);
		for (unsigned k = 0; k < count; k++)
			result = digest_number(result, info[k].codepoint);
		hb_buffer_destroy(buffer);
	}
	hb_font_destroy(font);
	hb_face_destroy(face);
	hb_blob_destroy(blob);
	globfree(&found);
	return result;
}

LIBRARY(harfbuzz, work)
