/* SPDX-License-Identifier: Apache-2.0 */
/* referred.h - the library of referred.c. */
#ifndef REFERRED_H
#define REFERRED_H

#define REFERRED_BYTES ((size_t)1 << 20)

struct referred {
	struct referred *next;
	void *mapping;
};
char *referred_arena(void);                  /* made at the first use */
struct referred *referred_chain(int count);  /* so many more; the newest */
void referred_give_back(void);
void *referred_nowhere(void);                /* a mapping that the library forgets */

#endif
