// SPDX-License-Identifier: Apache-2.0

package interpose

// fileTable: files, directories and terminals by system calls.
var fileTable = []group{
	{Copied, NoStream, "system call on a descriptor; what can wait is restarted by the kernel", `
		close __close close_range closefrom dup __dup2 dup2 dup3 pipe __pipe pipe2 lseek lseek64 __lseek isatty
		ftruncate ftruncate64 fchmod fchown fchdir fchflags fstatfs fstatfs64 fstatvfs fstatvfs64 fpathconf
		fstat fstat64 __fxstat __fxstat64 futimens futimes fgetxattr fsetxattr flistxattr fremovexattr
		posix_fadvise posix_fadvise64 readahead getdents64 getdirentries getdirentries64 name_to_handle_at
		eventfd epoll_create epoll_create1 epoll_ctl inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
		fanotify_init fanotify_mark`},
	{Copied, NoStream, "system call on a name", `
		stat stat64 lstat lstat64 fstatat fstatat64 statx __xstat __xstat64 __lxstat __lxstat64 __fxstatat __fxstatat64
		statfs __statfs statfs64 statvfs statvfs64 access faccessat eaccess euidaccess chmod fchmodat lchmod
		chown lchown fchownat chflags link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 remove
		mkdir mkdirat rmdir mknod mknodat __xmknod __xmknodat mkfifo mkfifoat truncate truncate64 utime utimes lutimes
		utimensat futimesat readlink readlinkat __readlink_chk __readlinkat_chk chdir chroot pathconf revoke
		getxattr setxattr listxattr removexattr lgetxattr lsetxattr llistxattr lremovexattr`},
	{Copied, NoStream, "builds a path in the caller's memory or a block of its own from system calls", `
		getcwd __getcwd_chk getwd __getwd_chk get_current_dir_name realpath __realpath_chk canonicalize_file_name
		mkstemp mkstemp64 mkstemps mkstemps64 mkostemp mkostemp64 mkostemps mkostemps64 mkdtemp mktemp ftok`},
	{Shared, NoStream, "a directory stream keeps its position under a lock", `
		readdir readdir64 readdir_r readdir64_r rewinddir seekdir`},
	{Copied, NoStream, "makes, reads or ends a directory stream that nobody else uses at that moment", `
		opendir fdopendir closedir telldir dirfd`},
	{Copied, NoStream, "walks directories and calls the program back for long; its state is its own", `
		ftw ftw64 nftw nftw64 fts_open fts_read fts_children fts_close fts_set
		fts64_open fts64_read fts64_children fts64_close fts64_set
		scandir scandir64 scandirat scandirat64 alphasort alphasort64 versionsort versionsort64`},
	{Copied, NoStream, "walks directories for long; the state is its own, apart from the user database that ~ asks", `
		glob glob64 globfree globfree64 glob_pattern_p`},
	{Copied, NoStream, "system call on a terminal", `
		tcgetattr tcsetattr tcflow tcflush tcgetpgrp tcsetpgrp tcgetsid gtty stty vhangup login_tty openpty
		posix_openpt getpt grantpt unlockpt ptsname_r __ptsname_r_chk ttyname_r __ttyname_r_chk
		cfgetispeed cfgetospeed cfsetispeed cfsetospeed cfsetspeed cfmakeraw`},
	{PerLibset, NoStream, "the result is in a static buffer", `ttyname ptsname`},
	{Copied, NoStream, "opens or removes a memory object by name; never waits", `shm_open shm_unlink`},
	{Copied, NoStream, "system call on a message queue, a semaphore set or shared memory, without waiting", `
		mq_open __mq_open_2 mq_close mq_getattr mq_setattr mq_unlink msgctl msgget semctl semget shmat shmctl shmdt shmget`},
}
