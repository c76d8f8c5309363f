/* SPDX-License-Identifier: Apache-2.0 */
/* blkid (libblkid-dev: blkid): probes a file in memory for file systems */
#include "library.h"
#include <blkid.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t work(int number)
{
	int file = memfd_create("disk", MFD_CLOEXEC);
	const char *type = NULL;
	size_t length = 0;
	uint64_t result = digest_number(0, ftruncate(file, 1 << 20));
	unsigned char super[1024] = { [0] = 128, [4] = 0, [5] = 2, [24] = 0, [56] = 0x53, [57] = 0xef, [58] = 1, [76] = 1, [104] = (unsigned char)(number + 1) };
	result = digest_number(result, pwrite(file, super, sizeof super, 1024));
	blkid_probe probe = blkid_new_probe();
	result = digest_number(result, blkid_probe_set_device(probe, file, 0, 0));
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID);
	result = digest_number(result, blkid_do_safeprobe(probe));
	blkid_probe_lookup_value(probe, "TYPE", &type, &length);
	result = digest_number(digest_text(result, type), number);
	blkid_free_probe(probe);
	close(file);
	return result;
}

LIBRARY(blkid, work)
