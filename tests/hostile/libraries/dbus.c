/* SPDX-License-Identifier: Apache-2.0 */
/* dbus (libdbus-1-dev: dbus-1): makes messages, writes and reads them */
#include "library.h"
#include <dbus/dbus.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 60; i++) {
		DBusMessage *message = dbus_message_new_method_call("org.example.Name", "/path", "org.example.Face", "Method");
		const char *text = "some words";
		int value = i * number, length = 0;
		dbus_message_append_args(message, DBUS_TYPE_STRING, &text, DBUS_TYPE_INT32, &value, DBUS_TYPE_INVALID);
		dbus_message_set_serial(message, 77);
		char *bytes = NULL;
		dbus_message_marshal(message, &bytes, &length);
		result = digest(result, bytes, (size_t)length);
		DBusError error = DBUS_ERROR_INIT;
		DBusMessage *back = dbus_message_demarshal(bytes, length, &error);
		result = digest_text(result, back ? dbus_message_get_signature(back) : NULL);
		if (back)
			dbus_message_unref(back);
		dbus_free(bytes);
		dbus_message_unref(message);
	}
	return result;
}

LIBRARY(dbus, work)
