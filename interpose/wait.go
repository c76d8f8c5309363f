// SPDX-License-Identifier: Apache-2.0

package interpose

// waitTable: calls that may wait in the kernel, apart from those about threads and signals.
var waitTable = []group{
	{Hand, NoStream, "sleeps for a relative time, which has to go on with what is left", `
		nanosleep __nanosleep clock_nanosleep usleep sleep`},
	{Hand, NoStream, "waits for descriptors with a relative timeout or a signal mask", `
		poll __poll __poll_chk ppoll __ppoll_chk select __select pselect epoll_wait epoll_pwait epoll_pwait2`},
	{Hand, NoStream, "the signal could cut a transfer short", `
		read __read write __write writev pwrite pwrite64 pwritev pwritev64
		send __send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg`},
	{Hand, NoStream, "waits for a relative time", `semtimedop`},
	{Hand, NoStream, "may be any system call, a futex wait among them", `syscall`},
	{Hand, NoStream, "waits for a record lock, or changes a descriptor", `fcntl fcntl64`},

	{Restarted, NoStream, "reserved name of fcntl; only the wait for a record lock can be interrupted", `__fcntl`},
	{Restarted, NoStream, "reads once; an interrupted read has taken nothing", `
		readv pread pread64 __pread64 preadv preadv64 preadv2 preadv64v2
		__read_chk __pread_chk __pread64_chk __recv_chk __recvfrom_chk eventfd_read getrandom getentropy`},
	{Restarted, NoStream, "writes at a position, which devices other than plain files seldom allow", `
		__pwrite64 pwritev2 pwritev64v2`},
	{Restarted, NoStream, "writes eight bytes or nothing", `eventfd_write`},
	{Hand, NoStream, "waits for a connection; its descriptor is noted as the function's own before any pause", `accept accept4`},
	{Hand, NoStream, "waits for a connection; called again it goes on waiting for the same one, but with a timeout of its own", `
		connect __connect`},
	{Hand, NoStream, "opening a FIFO, a terminal or a network file may wait; the descriptor is noted as the function's own before " +
		"any pause", `
		open open64 openat openat64 creat creat64 __open __open64 __open_2 __open64_2 __openat_2 __openat64_2 openat2
		open_by_handle_at`},
	{Restarted, NoStream, "waits for a lock on a file", `flock lockf lockf64`},
	{Restarted, NoStream, "waits for a child", `wait __wait wait3 wait4 waitid waitpid __waitpid`},
	{Restarted, NoStream, "waits for a message or a semaphore; timeouts are absolute", `
		msgrcv msgsnd semop mq_receive mq_send mq_timedreceive mq_timedsend`},
	{Restarted, NoStream, "a device may wait for as long as it likes", `ioctl tcdrain tcsendbreak`},
	{Restarted, NoStream, "moves data inside the kernel; a short count is a result the caller must expect anyway", `
		splice tee vmsplice sendfile sendfile64 copy_file_range sync_file_range`},
	{Hand, NoStream, "a signal makes a memory file undo its work: made again as a deferred section, which only one signal enters", `
		fallocate fallocate64 posix_fallocate posix_fallocate64`},
	{Restarted, NoStream, "waits for the disk or a network file system", `fsync fdatasync syncfs`},

	{Hand, NoStream, "hands work to a helper thread that libc starts, on the thread's own TCB: noted while it is under way; waiting " +
		"variants wait deferred", `
		aio_read aio_read64 aio_write aio_write64 aio_fsync aio_fsync64 lio_listio lio_listio64 getaddrinfo_a`},
	{Shared, NoStream, "the list of requests has a lock; a wait with it is deferred and may exceed the budget", `
		aio_cancel aio_cancel64 aio_init aio_suspend aio_suspend64 gai_cancel gai_suspend`},
	{Shared, NoStream, "reads one field of the caller's request, under the lock of the list", `aio_error aio_error64`},
	{Copied, NoStream, "reads or forgets one field of the caller's request", `
		aio_return aio_return64 gai_error`},
}
