/* SPDX-License-Identifier: Apache-2.0 */
/* symbolize.c - the name of a function or a variable, for messages.
 *
 * Context      a signal handler on a damaged process: raw system calls only. Reads the symbol table of the object's file,
 *              because static functions are not among the loaded symbols. Every offset is checked against the file. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

static bool has(const Elf64_Ehdr *image, size_t bytes, uint64_t offset, uint64_t length)
{
	(void)image;
	return offset <= bytes && length <= bytes - offset;
}

static bool search(const Elf64_Ehdr *image, size_t bytes, const Elf64_Shdr *sections, unsigned count, unsigned type, uint64_t value,
		   char *name, size_t room)
{
	const char *base = (const char *)image;

	for (unsigned i = 0; i < count; i++) {
		const Elf64_Shdr *s = &sections[i];
		if (s->sh_type != type || s->sh_link >= count || !has(image, bytes, s->sh_offset, s->sh_size))
			continue;
		const Elf64_Shdr *strings = &sections[s->sh_link];
		if (!has(image, bytes, strings->sh_offset, strings->sh_size) || !strings->sh_size)
			continue;
		const Elf64_Sym *symbols = (const Elf64_Sym *)(base + s->sh_offset);
		for (uint64_t n = 0; n < s->sh_size / sizeof *symbols; n++) {
			const Elf64_Sym *y = &symbols[n];
			unsigned kind = ELF64_ST_TYPE(y->st_info);
			if ((kind != STT_FUNC && kind != STT_OBJECT) || !y->st_shndx || value - y->st_value >= (y->st_size ? y->st_size : 1) ||
			    y->st_name >= strings->sh_size)
				continue;
			char *at = name, *end = name + room - 1;
			shim_write_text(&at, end, base + strings->sh_offset + y->st_name);
			*at = 0;
			return true;
		}
	}
	return false;
}

static bool search_file(const char *path, uint64_t value, char *name, size_t room)
{
	struct stat st;
	int fd = (int)shim_syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	bool found = false;

	if (fd < 0)
		return false;
	if (shim_syscall2(SYS_fstat, fd, &st) == 0 && (size_t)st.st_size > sizeof(Elf64_Ehdr)) {
		size_t bytes = (size_t)st.st_size;
		long map = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map > 0 || map < -4095) {
			const Elf64_Ehdr *image = (const Elf64_Ehdr *)map;
			if (image->e_shentsize == sizeof(Elf64_Shdr) &&
			    has(image, bytes, image->e_shoff, (uint64_t)image->e_shnum * sizeof(Elf64_Shdr))) {
				const Elf64_Shdr *sections = (const Elf64_Shdr *)((const char *)image + image->e_shoff);
				found = search(image, bytes, sections, image->e_shnum, SHT_SYMTAB, value, name, room) ||
					search(image, bytes, sections, image->e_shnum, SHT_DYNSYM, value, name, room);
			}
			shim_syscall2(SYS_munmap, map, bytes);
		}
	}
	shim_syscall1(SYS_close, fd);
	return found;
}

bool shim_symbol_name(const void *address, char *name, size_t bytes)
{
	uint64_t wanted = gotcha_original_of((uint64_t)address, NULL);
	const struct link_map *best = shim_object_at((const void *)wanted);

	if (!best)
		return false;
	return search_file(best->l_name[0] ? best->l_name : "/proc/self/exe", wanted - best->l_addr, name, bytes);
}
