// SPDX-License-Identifier: Apache-2.0

package interpose

// loaderTable: the dynamic linker's entry points and the start of a program.
var loaderTable = []group{
	{Hand, NoStream, "takes the loader's lock, and looks at its return address: for the caller's run path and namespace and for " +
		"RTLD_NEXT; new objects may refer to wrapped functions", `
		dlopen dlmopen dlclose dlsym dlvsym`},
	{Hand, NoStream, "walks the list of objects under the loader's lock, in which a libset's copies are not", `
		dladdr dladdr1 dl_iterate_phdr`},
	{Shared, NoStream, "walks the list of objects under the loader's lock", `dlinfo`},
	{Shared, NoStream, "the message is translated under the lock of the catalogues and the locale", `dlerror`},
	{Hand, NoStream, "how an unwinder finds an object's tables; the loader does not know a libset's copies", `_dl_find_object`},
	{Shared, NoStream, "the first call loads the unwinder; the others walk the list of objects", `
		backtrace __backtrace backtrace_symbols __backtrace_symbols backtrace_symbols_fd __backtrace_symbols_fd`},
	{Copied, NoStream, "ends the program with a message and without streams", `
		__chk_fail __fdelt_chk __fdelt_warn __stack_chk_fail`},
	{Copied, NoStream, "called by the loader before the program starts", `__libc_init_first`},
}
