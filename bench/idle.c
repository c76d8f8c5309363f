/* SPDX-License-Identifier: Apache-2.0 */
/* idle.c - a program that uses N libraries and launches nothing: idle N */
#include <stdlib.h>

#include "harness.h"
#include "libraries.h"

int main(int argc, char **argv) {
	if (argc != 2)
		die("start", "usage: idle LIBRARIES", 0);
	libraries_open((unsigned)strtoul(argv[1], NULL, 10));
	return 0;
}
