/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - the arguments of both programs. */
#include "image.h"

#include <stdio.h>

#include "../harness.h"

struct image_request image_request(int argc, char **argv) {
	struct image_request r;
	if (argc != 3 || sscanf(argv[1], "%u/%u", &r.size, &r.budget_us) != 2 || sscanf(argv[2], "%u", &r.count) != 1)
		die("end a decode at its budget", "SIZE/BUDGET_US and COUNT are needed", 0);
	return r;
}
