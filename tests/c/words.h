/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - every word that the dynamic linker has written in the program and its libraries, and whether it changed. */
#ifndef WORDS_H
#define WORDS_H

#include <dlfcn.h>
#include <link.h>
#include "helpers.h"

#define WORDS 100000

struct word {
	const uint64_t *at;
	uint64_t value;
};
static struct word words[WORDS];
static int count;

static void note(const ElfW(Rela) *entries, size_t bytes, uint64_t base)
{
	for (size_t i = 0; i < bytes / sizeof *entries && count < WORDS; i++) {
		uint64_t type = ELF64_R_TYPE(entries[i].r_info);
		if (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT || type == R_X86_64_64 || type == R_X86_64_RELATIVE)
			words[count++].at = (const uint64_t *)(base + entries[i].r_offset);
	}
}

static int note_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const ElfW(Rela) *rela = NULL, *plt = NULL;
	size_t rela_bytes = 0, plt_bytes = 0;
	(void)size;
	(void)arg;
	if (strstr(info->dlpi_name, "vdso") || strstr(info->dlpi_name, "libinger"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		for (const ElfW(Dyn) *d = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr); d->d_tag != DT_NULL; d++)
			switch (d->d_tag) {
			case DT_RELA: rela = (const void *)d->d_un.d_ptr; break;
			case DT_RELASZ: rela_bytes = d->d_un.d_val; break;
			case DT_JMPREL: plt = (const void *)d->d_un.d_ptr; break;
			case DT_PLTRELSZ: plt_bytes = d->d_un.d_val; break;
			}
	}
	note(rela, rela_bytes, info->dlpi_addr);
	note(plt, plt_bytes, info->dlpi_addr);
	return 0;
}

/* Words in .data are the program's to change; in this one nothing does, but for libc's own. */
static int different(int *in_program)
{
	extern char __executable_start[], _end[];
	int n = 0;
	*in_program = 0;
	for (int i = 0; i < count; i++)
		if (*words[i].at != words[i].value) {
			n++;
			*in_program += (const char *)words[i].at >= __executable_start && (const char *)words[i].at < _end;
		}
	return n;
}

/* note_words - all of them, as they are now. */
static void note_words(void)
{
	dl_iterate_phdr(note_object, NULL);
	for (int i = 0; i < count; i++)
		words[i].value = *words[i].at;
}

/* show_different - a comment line for each that changed. */
static void show_different(void)
{
	for (int i = 0; i < count; i++) {
		Dl_info info = { 0 };
		if (*words[i].at != words[i].value && dladdr(words[i].at, &info))
			diag("%s+%#lx: %#lx, was %#lx", info.dli_fname, (long)words[i].at - (long)info.dli_fbase, (long)*words[i].at,
				(long)words[i].value);
	}
}

/* bind_now - run again with all functions bound: what the linker binds meanwhile would be a change, too. */
static void bind_now(char **argv)
{
	if (getenv("LD_BIND_NOW"))
		return;
	setenv("LD_BIND_NOW", "1", 1);
	execv("/proc/self/exe", argv);
	bail("execv");
}

#endif
