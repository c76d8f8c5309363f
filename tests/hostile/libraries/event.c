/* SPDX-License-Identifier: Apache-2.0 */
/* event (libevent-dev: libevent): an event loop with timers, buffers and a pipe */
#include "library.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <unistd.h>

static void readable(evutil_socket_t file, short what, void *sum)
{
	char byte;
	(void)what;
	if (read(file, &byte, 1) == 1)
		*(int *)sum += byte;
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 20; i++) {
		int ends[2], sum = 0;
		if (pipe(ends) != 0)
			return 0;
		struct event_base *base = event_base_new();
		struct event *event = event_new(base, ends[0], EV_READ, readable, &sum);
		event_add(event, NULL);
		char byte = (char)(i + number);
		result = digest_number(result, write(ends[1], &byte, 1));
		event_base_dispatch(base);
		event_free(event);
		event_base_free(base);
		close(ends[0]), close(ends[1]);
		struct evbuffer *buffer = evbuffer_new();
		evbuffer_add_printf(buffer, "%d lines\nof %d\n", i, number);
		char *line = evbuffer_readln(buffer, NULL, EVBUFFER_EOL_LF);
		result = digest_text(digest_number(result, sum), line);
		free(line);
		evbuffer_free(buffer);
	}
	return result;
}

LIBRARY(event, work)
