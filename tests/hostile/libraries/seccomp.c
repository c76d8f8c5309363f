/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp (libseccomp-dev: libseccomp): compiles filters, and loads none */
#include "library.h"
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t work(int number)
{
	char program[8192];
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	uint64_t result = 0;
	for (int i = 0; i < 40; i++)
		result = digest_number(result, seccomp_rule_add(filter, SCMP_ACT_ERRNO(1), 10 + i * 3 + number, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)i)));
	int file = memfd_create("filter", MFD_CLOEXEC);
	result = digest_number(result, seccomp_export_bpf(filter, file));
	long size = pread(file, program, sizeof program, 0);
	result = digest(result, program, size > 0 ? (size_t)size : 0);
	close(file);
	seccomp_release(filter);
	return result;
}

LIBRARY(seccomp, work)
