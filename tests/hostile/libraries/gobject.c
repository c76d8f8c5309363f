/* SPDX-License-Identifier: Apache-2.0 */
/* gobject (libglib2.0-dev: gobject-2.0): registers types, makes objects, emits signals */
#include "library.h"
#include <glib-object.h>

static void changed(GObject *object, GParamSpec *spec, gpointer count)
{
	(void)object, (void)spec;
	++*(int *)count;
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	int count = 0;
	for (int i = 0; i < 300; i++) {
		GValue value = G_VALUE_INIT, text = G_VALUE_INIT;
		g_value_init(&value, G_TYPE_INT);
		g_value_init(&text, G_TYPE_STRING);
		g_value_set_int(&value, i * number);
		result = digest_number(result, g_value_transform(&value, &text));
		result = digest_text(result, g_value_get_string(&text));
		g_value_unset(&text);
		g_value_unset(&value);
		GObject *object = g_object_new(G_TYPE_OBJECT, NULL);
		gulong handler = g_signal_connect(object, "notify", G_CALLBACK(changed), &count);
		g_object_set_data_full(object, "key", g_strdup("value"), g_free);
		g_signal_handler_disconnect(object, handler);
		g_object_unref(object);
	}
	return digest_number(result, count);
}

LIBRARY(gobject, work)
