/* SPDX-License-Identifier: Apache-2.0 */
/* pango (libpango1.0-dev: pango): attributes, languages and breaks of text */
#include "library.h"
#include <pango/pango.h>

static uint64_t work(int number)
{
	char text[400], *plain = NULL;
	PangoAttrList *list = NULL;
	uint64_t result = 0;
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof text, "<b>bold %d</b> <span size='%d'>sized &amp; <i>slanted</i></span>", i, 1024 * (number + 8));
		result = digest_number(result, pango_parse_markup(text, -1, 0, &list, &plain, NULL, NULL));
		result = digest_text(result, plain);
		char *attributes = pango_attr_list_to_string(list);
		result = digest_text(result, attributes);
		g_free(attributes);
		pango_attr_list_unref(list);
		g_free(plain);
	}
	PangoFontDescription *font = pango_font_description_from_string("Sans Bold 12");
	char *name = pango_font_description_to_string(font);
	result = digest_text(result, name);
	g_free(name);
	pango_font_description_free(font);
	return digest_number(result, number);
}

LIBRARY(pango, work)
