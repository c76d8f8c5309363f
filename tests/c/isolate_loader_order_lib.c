/* SPDX-License-Identifier: Apache-2.0 */
/* Three libraries of one source, of which each but the last needs the next: LETTER is which, NEXT what it needs. They
 * tell the program in which order they begin and end. */
#include <stdlib.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(letter) JOIN(order_begun_, letter)

void loader_log(char letter);
int NAME(LETTER)(void);

#ifdef NEXT
int NAME(NEXT)(void);
#else
#define NO_NEXT
#endif

enum { A = 'A', B = 'B', C = 'C' };
static int begun;

static void at_exit(void) { loader_log('0' + LETTER - 'A'); }

__attribute__((constructor)) static void begin(void)
{
#ifndef NO_NEXT
	if (!NAME(NEXT)())
		loader_log('!'); /* what it needs has not begun */
#endif
	begun++;
	loader_log(LETTER);
	atexit(at_exit);
}

__attribute__((destructor)) static void end(void) { loader_log(LETTER - 'A' + 'a'); }

int NAME(LETTER)(void) { return begun; }

#ifdef NO_NEXT
/* There is no such function. A program that does not call this one does not miss it. */
extern int order_nowhere(void);
int order_missing(int really);
int order_missing(int really) { return really ? order_nowhere() : 17; }
#endif
