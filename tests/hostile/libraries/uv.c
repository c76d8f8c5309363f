/* SPDX-License-Identifier: Apache-2.0 */
/* uv (libuv1-dev: libuv): an event loop with timers, files and its own threads */
#include "library.h"
#include <fcntl.h>
#include <uv.h>

static void tick(uv_timer_t *timer)
{
	if (++*(int *)timer->data == 3)
		uv_close((uv_handle_t *)timer, NULL);
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 10; i++) {
		uv_loop_t loop;
		uv_timer_t timer;
		int ticks = 0;
		result = digest_number(result, uv_loop_init(&loop));
		uv_timer_init(&loop, &timer);
		timer.data = &ticks;
		uv_timer_start(&timer, tick, 0, 0);
		uv_timer_set_repeat(&timer, 1);
		uv_timer_again(&timer);
		uv_timer_start(&timer, tick, 0, 1);
		uv_run(&loop, UV_RUN_DEFAULT);
		uv_fs_t request;
		int file = uv_fs_open(&loop, &request, "/etc/passwd", O_RDONLY, 0, NULL);
		uv_fs_req_cleanup(&request);
		char bytes[64];
		uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
		result = digest_number(result, uv_fs_read(&loop, &request, file, &buffer, 1, number, NULL));
		uv_fs_req_cleanup(&request);
		result = digest(result, bytes, sizeof bytes);
		uv_fs_close(&loop, &request, file, NULL);
		uv_fs_req_cleanup(&request);
		result = digest_number(digest_number(result, ticks), uv_loop_close(&loop));
	}
	return result;
}

LIBRARY(uv, work)
