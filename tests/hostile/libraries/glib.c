/* SPDX-License-Identifier: Apache-2.0 */
/* glib (libglib2.0-dev: glib-2.0): main loop, hash tables, strings, expressions, key files */
#include "library.h"
#include <glib.h>

struct ticks { int count; GMainLoop *loop; };
static gboolean tick(gpointer arg)
{
	struct ticks *ticks = arg;
	if (++ticks->count < 5)
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(ticks->loop);
	return G_SOURCE_REMOVE;
}

static uint64_t work(int number)
{
	GMainContext *context = g_main_context_new();
	struct ticks ticks = { 0, g_main_loop_new(context, FALSE) };
	GSource *source = g_idle_source_new();
	g_source_set_callback(source, tick, &ticks, NULL);
	g_source_attach(source, context);
	g_main_loop_run(ticks.loop);
	g_source_unref(source);
	g_main_loop_unref(ticks.loop);
	g_main_context_unref(context);
	uint64_t result = digest_number(0, ticks.count);

	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int i = 0; i < 300 + number; i++)
		g_hash_table_insert(table, g_strdup_printf("key %d", i), g_strdup_printf("%d", i * number));
	result = digest_number(result, g_hash_table_size(table));
	result = digest_text(result, g_hash_table_lookup(table, "key 99"));
	g_hash_table_destroy(table);

	GMatchInfo *match;
	GRegex *expression = g_regex_new("(\\w+)@(\\w+)", 0, 0, NULL);
	g_regex_match(expression, "x someone@example y", 0, &match);
	gchar *word = g_match_info_fetch(match, 2);
	result = digest_text(result, word);
	g_free(word);
	g_match_info_free(match);
	g_regex_unref(expression);

	GKeyFile *file = g_key_file_new();
	g_key_file_set_integer(file, "group", "number", number);
	gchar *text = g_key_file_to_data(file, NULL, NULL);
	result = digest_text(result, text);
	g_free(text);
	g_key_file_free(file);
	return result;
}

LIBRARY(glib, work)
