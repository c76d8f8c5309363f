/* SPDX-License-Identifier: Apache-2.0 */
/* ends_requests.c - a function is cancelled while threads of libc's work on its requests: they write to nobody else's memory, and the
 * function goes when they are through. */
#include <aio.h>
#include <netdb.h>
#include <sys/mman.h>
#include "helpers.h"

#define BYTES 200 /* as large as a request is */
#define BLOCKS 300
#define LOOKUPS 40
#define LONG ((size_t)64 << 20) /* what takes a thread some time to read */

static int file;
static volatile int begun;

static void wait_for_end(void)
{
	begun = 1;
	for (;;)
		;
}

/* The request is a block of the function's, and what is read into it goes with it. */
static void reads(void *unused)
{
	struct aiocb *request = calloc(1, BYTES);

	(void)unused;
	request->aio_fildes = file;
	request->aio_buf = malloc(LONG);
	request->aio_nbytes = LONG;
	if (aio_read(request) == 0)
		wait_for_end();
}

static void several(void *unused)
{
	struct aiocb *list[3];

	(void)unused;
	for (int i = 0; i < 3; i++) {
		list[i] = calloc(1, BYTES);
		list[i]->aio_fildes = file;
		list[i]->aio_buf = malloc(LONG);
		list[i]->aio_nbytes = LONG;
		list[i]->aio_lio_opcode = LIO_READ;
	}
	if (lio_listio(LIO_NOWAIT, list, 3, NULL) == 0)
		wait_for_end();
}

static void looks_up(void *unused)
{
	struct gaicb *request = calloc(1, BYTES), *list[] = {request};

	(void)unused;
	request->ar_name = strdup("localhost");
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0)
		wait_for_end();
}

/* It has begun, and is cancelled. Returns whether all went well. */
static bool cancels(void (*function)(void *))
{
	begun = 0;
	linger_t call = launch(function, 1000, NULL);
	for (int i = 0; i < 10000 && call.continuation && !begun; i++)
		if (resume(&call, 1000) != 0)
			return false;
	return begun && call.continuation && cancel(&call) == 0;
}

/* Memory that the function's may be taken for. */
static int changed_blocks(void)
{
	static unsigned char *blocks[BLOCKS];
	int changed = 0;

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(malloc(BYTES), 0x5a, BYTES);
	usleep(100000);
	for (int i = 0; i < BLOCKS; i++) {
		for (int k = 0; k < BYTES; k++)
			changed += blocks[i][k] != 0x5a;
		free(blocks[i]);
	}
	return changed;
}

int main(void)
{
	plan(6);
	file = memfd_create("ends_requests", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, LONG) != 0)
		bail("memfd_create");
	ok(cancels(reads), "cancelled while a thread reads for it");
	is_int(changed_blocks(), 0, "nothing else is written to");
	ok(cancels(several), "cancelled with three requests");
	is_int(changed_blocks(), 0, "nothing else is written to");
	int right = 0;
	for (int i = 0; i < LOOKUPS; i++)
		right += cancels(looks_up);
	is_int(right, LOOKUPS, "cancelled while names are looked up");
	is_int(changed_blocks(), 0, "nothing is written to");
	return done();
}
