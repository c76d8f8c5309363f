/* SPDX-License-Identifier: Apache-2.0 */
/* limit_abi.h - liblimit_abi.so: functions of many prototypes, whose results depend on each bit of each argument. */
#ifndef LIMIT_ABI_H
#define LIMIT_ABI_H

#include <complex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef __int128 int128;
typedef long double ldouble;
typedef _Complex float cfloat;
typedef _Complex double cdouble;
typedef _Complex long double cldouble;
typedef void *pointer;
typedef struct { long a, b; } longs;              /* rdi, rsi; rax:rdx */
typedef struct { double a, b; } doubles;          /* xmm0, xmm1; the same */
typedef struct { long a; double b; } mixed;       /* rdi, xmm0; rax, xmm0 */
typedef struct { double a; int b, c; } mixed_back; /* xmm0, rdi; xmm0, rax */
typedef struct { float a, b, c; } floats;         /* xmm0, xmm1 */
typedef struct { char a[3]; } three;              /* a part of a register */
typedef struct { long a[5]; double b; } big;      /* stack; hidden pointer */
typedef struct { ldouble a; } wrapped;            /* stack; st0 */
typedef union { long a; double b; char c[16]; } either;
typedef float vector16 __attribute__((vector_size(16)));
typedef float vector32 __attribute__((vector_size(32)));
typedef float vector64 __attribute__((vector_size(64)));

/* X(result, name, twelve types of parameters) */
#define ABI_FUNCTIONS(X)                                                                                                          \
	X(long, integers, long, int, short, char, pointer, unsigned, long, bool, long, unsigned char, long, short)                \
	X(double, doubles_in, double, double, double, double, double, double, double, double, double, double, double, double)     \
	X(float, alternating, int, float, long, double, short, float, pointer, double, long, float, long, double)                 \
	X(ldouble, long_doubles, ldouble, int, ldouble, double, ldouble, long, float, long, long, long, long, ldouble)            \
	X(int128, wide, int, int128, int128, int, int128, long, int128, double, int128, char, int128, int128)                     \
	X(longs, pairs, longs, longs, longs, int, longs, doubles, doubles, double, doubles, doubles, doubles, longs)              \
	X(doubles, double_pairs, doubles, longs, floats, floats, three, mixed, mixed, mixed_back, mixed, mixed, mixed, mixed)     \
	X(mixed, mixtures, mixed, mixed_back, int, big, double, mixed, char, three, floats, either, mixed_back, mixed)            \
	X(mixed_back, backwards, three, three, bool, three, float, float, float, three, three, three, three, mixed_back)          \
	X(floats, triples, floats, floats, floats, floats, floats, floats, int, long, pointer, floats, bool, char)                \
	X(three, parts, either, either, either, either, three, unsigned char, bool, short, char, three, float, long)              \
	X(big, in_memory, long, long, long, long, long, long, double, big, int, big, float, wrapped)                              \
	X(wrapped, wrapped_up, wrapped, long, wrapped, double, big, wrapped, int128, float, ldouble, int, longs, doubles)         \
	X(either, unions, big, either, int128, either, double, either, longs, char, ldouble, either, cdouble, bool)               \
	X(cfloat, complex_floats, cfloat, int, cfloat, cfloat, double, cfloat, cfloat, cfloat, cfloat, long, cfloat, cfloat)      \
	X(cdouble, complex_doubles, cdouble, long, cdouble, cdouble, float, cdouble, cdouble, cdouble, long, cdouble, int, cfloat) \
	X(cldouble, complex_long, cldouble, int, double, cldouble, ldouble, long, cfloat, cdouble, int128, big, mixed, cldouble)  \
	X(vector16, vectors, vector16, vector16, double, vector16, vector16, vector16, vector16, vector16, vector16, int, vector16, vector16) \
	X(bool, truth, bool, bool, bool, bool, bool, bool, bool, double, bool, bool, bool, bool)                                  \
	X(pointer, pointers, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer, pointer)
/* With the target's attribute. */
#define ABI_FUNCTIONS_AVX(X)                                                                                                      \
	X(vector32, vectors32, vector32, int, vector32, double, vector32, vector32, long, vector32, vector32, vector32, vector32, vector32)
#define ABI_FUNCTIONS_AVX512(X)                                                                                                   \
	X(vector64, vectors64, vector64, int, vector64, double, vector64, vector64, long, vector64, vector64, vector64, vector64, vector64)

/* abi_NAME, which rules limit, and its address inside of the library, to which no rule comes. */
#define ABI_DECLARE(result, name, A, B, C, D, E, F, G, H, I, J, K, L)    \
	typedef result abi_##name##_type(A, B, C, D, E, F, G, H, I, J, K, L); \
	abi_##name##_type abi_##name;
#define ABI_MEMBER(result, name, ...) abi_##name##_type *name;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi" /* only callers that have the registers call these */
ABI_FUNCTIONS(ABI_DECLARE)
ABI_FUNCTIONS_AVX(ABI_DECLARE)
ABI_FUNCTIONS_AVX512(ABI_DECLARE)
#pragma GCC diagnostic pop

struct abi_direct {
	ABI_FUNCTIONS(ABI_MEMBER)
	ABI_FUNCTIONS_AVX(ABI_MEMBER)
	ABI_FUNCTIONS_AVX512(ABI_MEMBER)
	uint64_t (*variadic)(const char *types, ...);
	uint64_t (*variadic_list)(const char *types, va_list);
};
extern const struct abi_direct abi_direct;

/* A letter for each argument: i int, l long, p pointer, d double, L long double, s struct longs, b struct big. */
uint64_t abi_variadic(const char *types, ...);
uint64_t abi_variadic_list(const char *types, va_list);

/* Each function takes up to so many steps of work before its result. */
void abi_be_slow(unsigned steps);

/* Calls back, and returns what that returns and one. */
long abi_call_back(long (*function)(long, void *), long value, void *arg);
/* errno: 0 leaves it alone. */
int abi_errno(int error);
int abi_round(int mode); /* fesetround() */
int abi_precision(int mode); /* the x87's; returns what it was */

/* Only the significant bytes of a value: those that its type says. */
static inline uint64_t abi_mix(uint64_t sum, const void *value, size_t bytes)
{
	const unsigned char *at = value;
	for (size_t i = 0; i < bytes; i++)
		sum = (sum ^ at[i]) * 0x100000001b3u;
	return sum ^ sum >> 29;
}
static inline uint64_t abi_mix_bytes(uint64_t sum, const void *value, size_t bytes) { return abi_mix(sum, value, bytes); }
static inline uint64_t abi_mix_ldouble(uint64_t sum, const void *value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += sizeof(ldouble)) /* two in a complex one */
		sum = abi_mix(sum, (const char *)value + i, 10);
	return sum;
}
#define ABI_MIX(sum, value)                                                                                             \
	_Generic((value), ldouble: abi_mix_ldouble, cldouble: abi_mix_ldouble, wrapped: abi_mix_ldouble, default: abi_mix_bytes)( \
		sum, &(value), sizeof(value))

/* A value of any type from 64 bits: each type's bytes are all of them significant, but for these. */
static inline uint64_t abi_step(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}
static inline void abi_make_bytes(uint64_t *state, void *value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((unsigned char *)value)[i] = (unsigned char)abi_step(state);
}
static inline void abi_make_bool(uint64_t *state, void *value, size_t bytes)
{
	(void)bytes;
	*(bool *)value = abi_step(state) & 1;
}
static inline void abi_make_ldouble(uint64_t *state, void *value, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(ldouble); i++)
		((ldouble *)value)[i] = (ldouble)(int64_t)abi_step(state) / (ldouble)(abi_step(state) | 1);
}
#define ABI_MAKE(state, value)                                                                                           \
	_Generic((value), bool: abi_make_bool, ldouble: abi_make_ldouble, cldouble: abi_make_ldouble, wrapped: abi_make_ldouble, \
		 default: abi_make_bytes)(state, &(value), sizeof(value))

#endif
