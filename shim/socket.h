/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - timeouts of sockets (SO_RCVTIMEO, SO_SNDTIMEO), which begin anew when a call is made again after our signal. */
#ifndef SHIM_SOCKET_H
#define SHIM_SOCKET_H

#include "shim.h"

/* A socket's timeout in milliseconds, rounded up; 0: it has none, or is no socket. */
int64_t shim_socket_timeout(int fd, int option);

/* Waits for `events`, or for what is left of the timeout (`option`; 0: the call knows none) since `start`, in ticks. False: nothing
 * is left, errno EAGAIN as the kernel has it; or a handler of the program ran, EINTR. True at once without a timeout. */
bool shim_socket_wait(int fd, int option, short events, uint64_t start);

/* After an EINTR that is ours alone: true when the call is to be made again, after the wait. */
bool shim_socket_again(long result, const struct shim_marks *before, uint64_t start, int fd, int option, short events);

#endif
