/* SPDX-License-Identifier: Apache-2.0 */
/* storm_phases.h - which works a phase mixes, on how many threads, and what disturbs them. hostile.mk says which of them are in the
 * short form. */
#ifndef STORM_PHASES_H
#define STORM_PHASES_H

struct phase {
	const char *name;
	int threads;
	unsigned disturb;
	const char *works;
};

#define LIBC "heap streams memstream strtok calendar pattern sort mappings sockets sleeping files names computing"
#define LOCKS "mutex recursive rwlock condition own_lock stream_lock specific"
#define CXX "exceptions rethrow containers text matching"

static const struct phase phases[] = {
	{ "libc", 1, 0, LIBC },
	{ "threads", 4, 0, LIBC " " LOCKS },
	{ "moving", 4, MOVING, LIBC },
	{ "locks", 4, MOVING, LOCKS },
	{ "exceptions", 4, MOVING, CXX " heap" },
	{ "objects", 4, MOVING, "thread_objects heap" },
	{ "jumps", 4, MOVING, "jumps mask_jumps coroutines heap streams" },
	{ "nest", 4, MOVING, "nest inger_call pause cleanup heap" },
	{ "callbacks", 4, MOVING, "compare throw_out jump_out once trees cookie folders heap" },
	{ "unwind", 4, MOVING | UNWIND, CXX " heap cleanup mutex" },
	{ "faults", 4, MOVING, "faults overflow heap computing" },
	{ "fork", 4, MOVING | FORKING, "fork spawn pipe heap streams mutex" },
	{ "signals", 4, MOVING | ALARM | DIRECTED, "raise masks sockets sleeping streams heap condition mutex exceptions" },
	{ "altstack", 4, MOVING, "alternate_stack raise heap" },
	{ "ends", 4, MOVING | EXITING, "thread detached specific heap streams mutex exits" },
	{ "loader", 4, MOVING | LOADING, "dlopen objects heap exceptions" },
	{ "all", 4, MOVING | UNWIND | FORKING | ALARM | DIRECTED | LOADING,
	  LIBC " " LOCKS " " CXX " jumps coroutines nest inger_call pause cleanup compare fork spawn pipe raise masks thread dlopen objects"
	  " faults overflow trees cookie folders" },
};

#endif
