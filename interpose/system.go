// SPDX-License-Identifier: Apache-2.0

package interpose

// systemTable: the machine and its administration.
var systemTable = []group{
	{Hand, NoStream, "makes a descriptor, which is noted as the function's own", `fsopen fsmount fspick open_tree`},
	{Copied, NoStream, "system call for administration", `
		sync mount umount umount2 mount_setattr move_mount fsconfig pivot_root
		swapon swapoff quotactl reboot klogctl init_module delete_module ioperm iopl modify_ldt
		sethostname setdomainname`},
	{Shared, NoStream, "may open a file for a moment, which must not stay open; short", `
		sysconf __sysconf get_nprocs get_nprocs_conf`},
	{Copied, NoStream, "reads a fact about the machine or the library", `
		uname gethostname __gethostname_chk getdomainname __getdomainname_chk sysinfo confstr
		__confstr_chk getpagesize __getpagesize getdtablesize get_phys_pages
		get_avphys_pages getloadavg getauxval __getauxval gnu_get_libc_version gnu_get_libc_release
		gnu_dev_major gnu_dev_minor gnu_dev_makedev __x86_get_cpuid_feature_leaf`},
	{Copied, NoStream, "system call for random bytes, never waiting once the machine is up", `
		arc4random arc4random_buf arc4random_uniform`},
	{Shared, NoStream, "reads or writes a file and may ask the host database", `gethostid sethostid`},
	{PerLibset, NoStream, "login records: the open file, the position in it and the record found are static, under a lock", `
		setutent endutent getutent getutent_r getutid getutid_r getutline getutline_r pututline utmpname
		setutxent endutxent getutxent getutxid getutxline pututxline utmpxname
		login logout logwtmp updwtmp updwtmpx ttyslot`},
	{Copied, NoStream, "copies one record into another", `getutmp getutmpx`},
	{PerLibset, NoStream, "lists of file systems, terminals and shells: a static position, and a static buffer for each", `
		setfsent endfsent getfsent getfsfile getfsspec setttyent endttyent getttyent getttynam
		setusershell endusershell getusershell`},
	{Shared, NoStream, "the lock on the password file has a lock and uses the alarm", `lckpwdf ulckpwdf`},
}
