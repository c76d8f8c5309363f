/* SPDX-License-Identifier: Apache-2.0 */
/* cookie.c - fopencookie(): the program's functions behind a stream are called back outside of the deferred section.
 *
 * libc calls them with the stream's lock, and with nothing else when the section is of a function for this one stream: then the
 * section ends while the program's function runs, the lock is noted as held (hold.h), and the function can be paused. Others wait
 * for it as for a stream locked by flockfile(). When libc works on all streams (fflush(NULL), exit()) it has locks of its own:
 * there the function runs deferred. wrap_stream.c notes which stream a section is for. */
#include "lock.h"
#include "stream.h"

extern void *shim_real_malloc, *shim_real_free;

struct shim_cookie {
	void *cookie;
	cookie_io_functions_t functions;
	FILE *stream;
};

/* A section that has been left for a while. */
struct interlude {
	struct shim_call *call;
	uint64_t rsp, ret, rbx;
	void *slot, *stream;
	const void *stream_slot;
	FILE *held;
};

/* What an unwinder reads of the section's frame. Others have been opened meanwhile. */
void shim_cookie_look(void *interlude)
{
	struct interlude *i = interlude;

	i->call->defer_ret = i->ret;
	i->call->defer_rbx = i->rbx;
}

/* The section goes on; also on the way of an exception, which then leaves it. */
void shim_cookie_back(void *interlude)
{
	struct interlude *i = interlude;
	struct shim_call *call = i->call;

	shim_cookie_look(i);
	call->defer_slot = i->slot;
	call->stream = i->stream;
	call->stream_slot = i->stream_slot;
	atomic_signal_fence(memory_order_seq_cst);
	call->defer_rsp = i->rsp;
	atomic_signal_fence(memory_order_seq_cst);
	hold_drop(call, i->held);
}

static bool leave(const struct shim_cookie *k, struct interlude *i)
{
	struct shim_call *call = hold_here();

	if (!call || !call->defer_rsp || call->stream != k->stream || call->stream_slot != call->defer_slot)
		return false;
	*i = (struct interlude){call, call->defer_rsp, call->defer_ret, call->defer_rbx, call->defer_slot, call->stream, call->stream_slot,
				k->stream};
	shim_streams_held = 1;
	hold_add(call, HOLD_STREAM, k->stream);
	shim_defer_end(call, true);
	return true;
}

static long call_back(const struct shim_cookie *k, void *function, long a, long b, long c)
{
	struct interlude i;

	if (!leave(k, &i))
		return ((long (*)(long, long, long))function)(a, b, c);
	long result = shim_call_noticed(shim_cookie_back, &i, function, a, b, c);
	shim_cookie_back(&i);
	return result;
}

static ssize_t do_read(void *cookie, char *to, size_t bytes)
{
	struct shim_cookie *k = cookie;
	return call_back(k, (void *)k->functions.read, (long)k->cookie, (long)to, (long)bytes);
}

static ssize_t do_write(void *cookie, const char *from, size_t bytes)
{
	struct shim_cookie *k = cookie;
	return call_back(k, (void *)k->functions.write, (long)k->cookie, (long)from, (long)bytes);
}

static int do_seek(void *cookie, off64_t *offset, int whence)
{
	struct shim_cookie *k = cookie;
	return (int)call_back(k, (void *)k->functions.seek, (long)k->cookie, (long)offset, whence);
}

int shim_cookie_close(void *cookie)
{
	struct shim_cookie *k = cookie;
	int result = k->functions.close ? (int)call_back(k, (void *)k->functions.close, (long)k->cookie, 0, 0) : 0;

	((void (*)(void *))shim_real_free)(k);
	return result;
}

void shim_cookie_forget(void *cookie)
{
	((struct shim_cookie *)cookie)->functions.close = NULL;
}

FILE *shim_cookie_open(FILE *(*real)(void *, const char *, cookie_io_functions_t), void *cookie, const char *mode, cookie_io_functions_t functions)
{
	struct shim_cookie *k = ((void *(*)(size_t))shim_real_malloc)(sizeof *k);
	cookie_io_functions_t ours = {functions.read ? do_read : NULL, functions.write ? do_write : NULL, functions.seek ? do_seek : NULL,
				      shim_cookie_close};

	if (!k)
		return NULL;
	*k = (struct shim_cookie){cookie, functions, NULL};
	k->stream = real(k, mode, ours);
	FILE *f = k->stream;
	if (!f)
		((void (*)(void *))shim_real_free)(k);
	return f;
}
