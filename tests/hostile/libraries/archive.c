/* SPDX-License-Identifier: Apache-2.0 */
/* archive (libarchive-dev: libarchive): writes a .tar.gz with files to memory and reads it */
#include "library.h"
#include <archive.h>
#include <archive_entry.h>

static uint64_t work(int number)
{
	size_t room = 1 << 17, used = 0;
	unsigned char *file = malloc(room), bytes[2000];
	uint64_t result = 0;
	struct archive *out = archive_write_new();
	archive_write_set_format_pax_restricted(out);
	archive_write_add_filter_gzip(out);
	result = digest_number(result, archive_write_open_memory(out, file, room, &used));
	for (int i = 0; i < 10; i++) {
		char name[40];
		struct archive_entry *entry = archive_entry_new();
		snprintf(name, sizeof name, "folder/file %d", i);
		sample(bytes, sizeof bytes, number + i);
		archive_entry_set_pathname(entry, name);
		archive_entry_set_size(entry, sizeof bytes);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_write_header(out, entry);
		archive_write_data(out, bytes, sizeof bytes);
		archive_entry_free(entry);
	}
	archive_write_close(out);
	archive_write_free(out);
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	archive_read_support_filter_gzip(in);
	archive_read_support_format_tar(in);
	result = digest_number(result, archive_read_open_memory(in, file, used));
	while (archive_read_next_header(in, &entry) == ARCHIVE_OK) {
		result = digest_text(result, archive_entry_pathname(entry));
		long got = (long)archive_read_data(in, bytes, sizeof bytes);
		result = digest(result, bytes, got > 0 ? (size_t)got : 0);
	}
	archive_read_free(in);
	free(file);
	return result;
}

LIBRARY(archive, work)
