/* SPDX-License-Identifier: Apache-2.0 */
/* held.c - linked into the process under test and into the bare one. */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

void held_take(struct held *h) {
	for (unsigned i = 0; i < h->blocks; i++) {
		h->block[i] = malloc(16 + i * 37 % 985);
		if (!h->block[i])
			die("hold heap blocks", "malloc", errno);
	}
	for (unsigned i = 0; i < h->descriptors; i++) {
		h->descriptor[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (h->descriptor[i] < 0)
			die("hold descriptors", "/dev/null", errno);
	}
}

void held_give_back(void *held) {
	struct held *h = held;
	for (unsigned i = h->blocks; i-- > 0;)
		free(h->block[i]);
	for (unsigned i = h->descriptors; i-- > 0;)
		close(h->descriptor[i]);
}
