/* SPDX-License-Identifier: Apache-2.0 */
/* bare_main.c - the bare process: answers requests from standard input until it closes. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bare_ops.h"
#include "loop.h"
#include "sha256.h"

static double (*const single[BARE_OPS])(uint64_t) = {
	[BARE_THREAD] = base_thread, [BARE_FORK] = base_fork,   [BARE_SWAP] = base_swap,
	[BARE_MALLOC] = base_malloc, [BARE_SPAWN] = base_spawn,
	[BARE_MALLOC_QUEUE] = base_malloc_queue,
	[BARE_CANCEL_THREAD] = base_cancel_thread, [BARE_KILL] = base_kill,
	[BARE_REACH] = base_reach,   [BARE_IDLE] = base_idle, [BARE_FLOOR] = base_floor,
};

/* Work that is interrupted, or not. */
static const struct {
	enum interrupter by;
	bool hashes;
} works[BARE_OPS] = {
	[BARE_COMPUTE] = { BY_NONE, false },          [BARE_SHA] = { BY_NONE, true },
	[BARE_COMPUTE_TIMER] = { BY_TIMER, false },   [BARE_SHA_TIMER] = { BY_TIMER, true },
	[BARE_COMPUTE_KEEPER] = { BY_KEEPER, false }, [BARE_SHA_KEEPER] = { BY_KEEPER, true },
};

static uint64_t work(const struct bare_request *r, struct samples *s) {
	uint64_t interrupts = 0;
	if (works[r->op].by != BY_NONE && !r->period_ns)
		die("serve a request", "no period", EINVAL);
	for (uint32_t i = 0; i < r->count; i++) {
		struct compute_job compute = { .rounds = r->argument };
		struct sha_job sha = { .rounds = r->argument };
		bool hashes = works[r->op].hashes;
		uint64_t n = 0;
		samples_add(s, base_work(hashes ? sha_loop : compute_loop, hashes ? (void *)&sha : &compute, works[r->op].by,
		                         r->period_ns, &n));
		interrupts += n;
	}
	return interrupts;
}

static uint64_t serve(const struct bare_request *r, struct samples *s) {
	switch (r->op) {
	case BARE_LATE_TIMER:
	case BARE_LATE_KEEPER:
		base_late(r->argument, r->op == BARE_LATE_TIMER ? BY_TIMER : BY_KEEPER, r->count, r->period_ns, s);
		return s->count;
	case BARE_WATCH:
		base_watch(r->argument, r->period_ns, r->count, s);
		return s->count;
	case BARE_COMPUTE:
	case BARE_COMPUTE_TIMER:
	case BARE_COMPUTE_KEEPER:
	case BARE_SHA:
	case BARE_SHA_TIMER:
	case BARE_SHA_KEEPER:
		return work(r, s);
	}
	if (r->op >= BARE_OPS || !single[r->op])
		die("serve a request", "unknown operation", EINVAL);
	for (uint32_t i = 0; i < r->count; i++)
		samples_add(s, single[r->op](r->argument));
	return 0;
}

static bool write_all(const void *data, size_t bytes) {
	for (const char *p = data; bytes;) {
		ssize_t n = write(STDOUT_FILENO, p, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		bytes -= (size_t)n;
	}
	return true;
}

int main(void) {
	struct bare_request request;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, &request, sizeof(request));
		if (n < 0 && errno == EINTR) /* a last signal of an interrupter that has just been stopped */
			continue;
		if (n != (ssize_t)sizeof(request))
			return 0;
		struct samples s = { 0 };
		struct bare_answer answer = { .interrupts = serve(&request, &s) };
		answer.count = s.count;
		if (!write_all(&answer, sizeof(answer)) || !write_all(s.value, s.count * sizeof(*s.value)))
			return 1;
		samples_free(&s);
	}
}
