// SPDX-License-Identifier: Apache-2.0

package interpose

// heapTable: the allocator and the program break.
var heapTable = []group{
	{Hand, NoStream, "one heap: its arena locks and free lists must not be found half changed; what a function allocates is noted " +
		"as its own", `
		malloc calloc realloc reallocarray free memalign aligned_alloc posix_memalign valloc pvalloc
		free_sized free_aligned_sized __libc_malloc __libc_calloc __libc_realloc __libc_free __libc_memalign __libc_valloc __libc_pvalloc`},
	{Shared, NoStream, "one heap: its arena locks and free lists must not be found half changed", `
		malloc_usable_size malloc_trim malloc_info malloc_stats mallinfo mallinfo2 mallopt
		__libc_mallinfo __libc_mallopt __libc_freeres`},
	{Shared, NoStream, "heap checking and tracing change the allocator's state", `
		mcheck mcheck_check_all mcheck_pedantic mprobe mtrace muntrace`},
	{Shared, NoStream, "keeps the program break in a variable beside the kernel's; the allocator reads it", `brk sbrk __sbrk`},
	{Hand, NoStream, "a mapping is noted as the function's own", `mmap mmap64 munmap mremap`},
	{Hand, NoStream, "makes a descriptor, which is noted as the function's own", `memfd_create`},
	{Copied, NoStream, "system call on the caller's mappings", `
		mprotect madvise posix_madvise process_madvise process_mrelease mincore msync
		mlock mlock2 mlockall munlock munlockall remap_file_pages
		mseal
		pkey_alloc pkey_free pkey_get pkey_mprotect pkey_set process_vm_readv process_vm_writev`},
	{Copied, NoStream, "works on the caller's obstack; chunks come from the program's own allocator calls", `
		_obstack_allocated_p _obstack_begin _obstack_begin_1 _obstack_free _obstack_memory_used _obstack_newchunk
		obstack_free`},
}
