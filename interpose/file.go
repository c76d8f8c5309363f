// SPDX-License-Identifier: Apache-2.0

package interpose

// fileTable: files, directories and terminals by system calls.
var fileTable = []group{
	{Hand, NoStream, "makes a descriptor, which is noted as the function's own", `
		dup __dup2 dup2 dup3 pipe __pipe pipe2 eventfd epoll_create epoll_create1 inotify_init inotify_init1 fanotify_init`},
	{Hand, NoStream, "whose descriptor it was is forgotten", `close __close close_range closefrom`},
	{Copied, NoStream, "system call on a descriptor; what can wait is restarted by the kernel", `
		lseek lseek64 __lseek isatty
		ftruncate ftruncate64 fchmod fchown fchdir fchflags fstatfs fstatfs64 fstatvfs fstatvfs64
		fstat fstat64 __fxstat __fxstat64 futimens futimes fgetxattr fsetxattr flistxattr fremovexattr
		posix_fadvise posix_fadvise64 readahead getdents64 getdirentries getdirentries64 name_to_handle_at
		epoll_ctl inotify_add_watch inotify_rm_watch fanotify_mark`},
	{Copied, NoStream, "system call on a name", `
		stat stat64 lstat lstat64 fstatat fstatat64 statx __xstat __xstat64 __lxstat __lxstat64 __fxstatat __fxstatat64
		statfs __statfs statfs64 statvfs statvfs64 access faccessat eaccess euidaccess chmod
		chown lchown fchownat chflags link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 remove
		mkdir mkdirat rmdir mknod mknodat __xmknod __xmknodat mkfifo mkfifoat truncate truncate64 utime utimes lutimes
		utimensat futimesat readlink readlinkat __readlink_chk __readlinkat_chk chdir chroot revoke
		getxattr setxattr listxattr removexattr lgetxattr lsetxattr llistxattr lremovexattr`},
	{Shared, NoStream, "opens a file for a moment, which must not stay open; short", `
		pathconf fpathconf fchmodat lchmod ttyname_r __ttyname_r_chk`},
	{Shared, NoStream, "the message about a failure is translated under the lock of the catalogues", `getwd __getwd_chk`},
	{Copied, NoStream, "builds a path in the caller's memory or a block of its own from system calls", `
		getcwd __getcwd_chk get_current_dir_name realpath __realpath_chk canonicalize_file_name
		mkdtemp mktemp ftok`},
	{Hand, NoStream, "opens a file of a new name: the descriptor is noted as the function's own", `
		mkstemp mkstemp64 mkstemps mkstemps64 mkostemp mkostemp64 mkostemps mkostemps64`},
	{Shared, NoStream, "a directory stream keeps its position under a lock", `
		readdir readdir64 readdir_r readdir64_r rewinddir seekdir telldir`},
	{Hand, NoStream, "a directory stream is noted as the function's own", `opendir fdopendir closedir`},
	{Copied, NoStream, "reads a field of a directory stream", `dirfd`},
	{Copied, NoStream, "walks directories and calls the program back for long; its state is its own", `
		ftw ftw64 nftw nftw64 fts_open fts_read fts_children fts_close fts_set
		fts64_open fts64_read fts64_children fts64_close fts64_set`},
	{Hand, NoStream, "walks a directory for long and calls the program back; made again from functions that note the stream " +
		"and the names as the function's own", `scandir scandir64 scandirat scandirat64`},
	{Copied, NoStream, "compares two names", `alphasort alphasort64 versionsort versionsort64`},
	{Hand, NoStream, "walks directories for long; opens them by functions that note the streams as the function's own", `
		glob glob64`},
	{Copied, NoStream, "frees or reads what is the caller's", `globfree globfree64 glob_pattern_p`},
	{Copied, NoStream, "system call on a terminal", `
		tcgetattr tcsetattr tcflow tcflush tcgetpgrp tcsetpgrp tcgetsid gtty stty vhangup login_tty grantpt
		unlockpt ptsname_r __ptsname_r_chk
		cfgetispeed cfgetospeed cfsetispeed cfsetospeed cfsetspeed cfmakeraw
		cfgetibaud cfgetobaud cfsetibaud cfsetobaud cfsetbaud`},
	{PerLibset, NoStream, "the result is in a static buffer", `ttyname ptsname`},
	{Hand, NoStream, "opens a terminal, a memory object or a message queue: the descriptor is noted as the function's own", `
		openpty posix_openpt getpt shm_open mq_open __mq_open_2`},
	{Hand, NoStream, "whose descriptor it was is forgotten", `mq_close`},
	{Hand, NoStream, "a mapping is noted as the function's own", `shmat shmdt`},
	{Copied, NoStream, "removes a memory object by name; never waits", `shm_unlink`},
	{Copied, NoStream, "system call on a message queue, a semaphore set or shared memory, without waiting", `
		mq_getattr mq_setattr mq_unlink msgctl msgget semctl semget shmctl shmget`},
}
