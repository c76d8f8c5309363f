/* SPDX-License-Identifier: Apache-2.0 */
/* One of many small libraries: NUMBER is which. Without a number it is one to be copied under other names. */
#ifdef NUMBER
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(what) JOIN(many_##what##_, NUMBER)
#else
#define NAME(what) many_##what
#define NUMBER 0
#endif

int NAME(count)(void);
int *NAME(thread)(void);
int NAME(call)(void (*function)(void));

static int counter = 1000 * NUMBER;
static int *volatile place = &counter;
static __thread int of_thread = 7 + NUMBER;
static __thread int zero;

int NAME(count)(void) { return ++*place; }

int *NAME(thread)(void)
{
	of_thread += zero; /* once written it is found out when it does not begin anew */
	zero++;
	return &of_thread;
}

int NAME(call)(void (*function)(void))
{
	counter++;
	function();
	return counter;
}
