/* SPDX-License-Identifier: Apache-2.0 */
/* systemd (libsystemd-dev: libsystemd): an event loop with timers, and identifiers */
#include "library.h"
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

static int tick(sd_event_source *source, uint64_t now, void *arg)
{
	(void)now;
	if (++*(int *)arg == 5)
		return sd_event_exit(sd_event_source_get_event(source), 7);
	sd_event_source_set_time(source, 0);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 10; i++) {
		sd_event *event = NULL;
		sd_event_source *source = NULL;
		int ticks = 0;
		result = digest_number(result, sd_event_new(&event));
		result = digest_number(result, sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, 1, tick, &ticks) >= 0);
		result = digest_number(digest_number(result, sd_event_loop(event)), ticks);
		sd_event_source_unref(source);
		sd_event_unref(event);
		char text[SD_ID128_STRING_MAX];
		sd_id128_t id;
		sd_id128_from_string("0123456789abcdef0123456789abcdef", &id);
		result = digest_text(result, sd_id128_to_string(id, text));
	}
	return digest_number(result, number);
}

LIBRARY(systemd, work)
