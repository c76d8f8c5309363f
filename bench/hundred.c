/* SPDX-License-Identifier: Apache-2.0 */
/* hundred.c - hundred_N.so defines a hundred functions, refs_N.so calls them all, zero_N.so none of them.
 * Each N has functions of its own, as the first reference to a function costs more than later ones. */
#define ONE(n) F(f##n)
#define TEN(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define HUNDRED TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10)

#if defined HUNDRED_DEFINED
#define F(name) int name(void) { return __LINE__; }
HUNDRED
#elif defined HUNDRED_CALLED
#define F(name) int name(void);
HUNDRED
#undef F
#define F(name) +name()
int refs(void) { return 0 HUNDRED; }
#else
int zero(void) { return 0; }
#endif
