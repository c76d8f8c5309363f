/* SPDX-License-Identifier: Apache-2.0 */
/* limit_abi_lib: liblimit_abi.so, see limit_abi.h. */
#include <errno.h>
#include <fenv.h>
#include "limit_abi.h"
#include "limit_regs.h"

#pragma GCC diagnostic ignored "-Wpsabi"

static unsigned slowness;
void abi_be_slow(unsigned steps) { slowness = steps; }

static uint64_t think(uint64_t sum)
{
	for (unsigned n = slowness ? (unsigned)(sum >> 20) % slowness : 0; n; n--)
		__asm__ volatile("" : "+r"(sum));
	return sum;
}

__attribute__((constructor)) static void look(void) { limit_regs_look(); }

#define DEFINE(result, name, A, B, C, D, E, F, G, H, I, J, K, L)                                                       \
	FOR_TARGET result abi_##name(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l)                       \
	{                                                                                                              \
		uint64_t sum = 0xcbf29ce484222325u;                                                                    \
		sum = ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, a), b), c), d);                                             \
		sum = ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, e), f), g), h);                                             \
		sum = think(ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, i), j), k), l));                                      \
		/* Once more: they must not have changed while time went by. */                                        \
		sum = ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, a), b), c), d);                                             \
		sum = ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, e), f), g), h);                                             \
		sum = ABI_MIX(ABI_MIX(ABI_MIX(ABI_MIX(sum, i), j), k), l);                                             \
		result made;                                                                                           \
		ABI_MAKE(&sum, made);                                                                                  \
		return made;                                                                                           \
	}                                                                                                              \
	extern __typeof(abi_##name) direct_##name __attribute__((alias("abi_" #name), visibility("hidden")));

#define FOR_TARGET
ABI_FUNCTIONS(DEFINE)
#undef FOR_TARGET
#define FOR_TARGET __attribute__((target("avx")))
ABI_FUNCTIONS_AVX(DEFINE)
#undef FOR_TARGET
#define FOR_TARGET __attribute__((target("avx512f")))
ABI_FUNCTIONS_AVX512(DEFINE)

uint64_t abi_variadic_list(const char *types, va_list args)
{
	uint64_t sum = 0xcbf29ce484222325u;
#define TAKE(letter, type)                        \
	case letter: {                            \
		type value = va_arg(args, type);  \
		sum = ABI_MIX(sum, value);        \
		break;                            \
	}
	for (; *types; types++) {
		switch (*types) {
			TAKE('i', int)
			TAKE('l', long)
			TAKE('p', pointer)
			TAKE('d', double)
			TAKE('L', ldouble)
			TAKE('s', longs)
			TAKE('b', big)
		}
	}
	return think(sum);
}

uint64_t abi_variadic(const char *types, ...)
{
	va_list args;
	va_start(args, types);
	extern __typeof(abi_variadic_list) direct_variadic_list;
	uint64_t sum = direct_variadic_list(types, args);
	va_end(args);
	return sum;
}
extern __typeof(abi_variadic) direct_variadic __attribute__((alias("abi_variadic"), visibility("hidden")));
extern __typeof(abi_variadic_list) direct_variadic_list __attribute__((alias("abi_variadic_list"), visibility("hidden")));

#define DIRECT(result, name, ...) .name = direct_##name,
const struct abi_direct abi_direct = {
	ABI_FUNCTIONS(DIRECT)
	ABI_FUNCTIONS_AVX(DIRECT)
	ABI_FUNCTIONS_AVX512(DIRECT)
	.variadic = direct_variadic,
	.variadic_list = direct_variadic_list,
};

long abi_call_back(long (*function)(long, void *), long value, void *arg)
{
	volatile long before = (long)think((uint64_t)value << 20), kept = value;
	long result = function(value, arg);
	think((uint64_t)result << 20);
	return before == (long)((uint64_t)kept << 20) ? result + 1 : -1;
}

int abi_errno(int error)
{
	think((uint64_t)error << 20);
	if (error)
		errno = error;
	return error;
}

int abi_round(int mode) { return fesetround(mode); }

int abi_precision(int mode)
{
	unsigned short word, before;
	__asm__ volatile("fnstcw %0" : "=m"(word));
	before = word;
	word = (unsigned short)((word & ~0x300) | mode);
	__asm__ volatile("fldcw %0" : : "m"(word));
	return before & 0x300;
}
