/* SPDX-License-Identifier: Apache-2.0 */
/* limit_abi: a limited call whose budget is not used up is exactly the call without a limit: each argument, each result and
 * everything that a caller may rely on, whatever the prototype, and also while the clock hits. */
#include <fenv.h>
#include "limit.h"
#include "limit_abi.h"
#include "limit_regs.h"

#pragma GCC diagnostic ignored "-Wpsabi"

/* What a part finds wrong, as its exit status. */
enum { PROTOTYPES = 1, VARIADIC = 2, REGISTERS = 4, DEPTH = 8, ERRNO = 16, CONTROL = 32 };

static struct {
	unsigned slow; /* steps of work that a limited function takes at most */
	int rounds;
} now;
static uint64_t state;

/* ---- prototypes: the same call around the limit and through it */

#define TRY(result, name, A, B, C, D, E, F, G, H, I, J, K, L)                                                \
	FOR_TARGET __attribute__((noinline)) static bool try_##name(void)                                    \
	{                                                                                                    \
		A a; B b; C c; D d; E e; F f; G g; H h; I i; J j; K k; L l;                                  \
		result want, got;                                                                            \
		ABI_MAKE(&state, a); ABI_MAKE(&state, b); ABI_MAKE(&state, c); ABI_MAKE(&state, d);          \
		ABI_MAKE(&state, e); ABI_MAKE(&state, f); ABI_MAKE(&state, g); ABI_MAKE(&state, h);          \
		ABI_MAKE(&state, i); ABI_MAKE(&state, j); ABI_MAKE(&state, k); ABI_MAKE(&state, l);          \
		abi_be_slow(0);                                                                              \
		want = abi_direct.name(a, b, c, d, e, f, g, h, i, j, k, l);                                  \
		abi_be_slow(now.slow);                                                                       \
		got = abi_##name(a, b, c, d, e, f, g, h, i, j, k, l);                                        \
		return ABI_MIX(0, want) == ABI_MIX(0, got);                                                  \
	}
#define FOR_TARGET
ABI_FUNCTIONS(TRY)
#undef FOR_TARGET
#define FOR_TARGET __attribute__((target("avx")))
ABI_FUNCTIONS_AVX(TRY)
#undef FOR_TARGET
#define FOR_TARGET __attribute__((target("avx512f")))
ABI_FUNCTIONS_AVX512(TRY)

#define ROW(result, name, ...) {#name, try_##name},
static const struct prototype {
	const char *name;
	bool (*same)(void);
} prototypes[] = {ABI_FUNCTIONS(ROW)}, with_avx[] = {ABI_FUNCTIONS_AVX(ROW)}, with_avx512[] = {ABI_FUNCTIONS_AVX512(ROW)};

static int try_prototypes(const struct prototype *list, size_t n)
{
	int wrong = 0;
	for (size_t i = 0; i < n; i++)
		if (!list[i].same() && wrong++ == 0)
			diag("%s is wrong", list[i].name);
	return wrong;
}
#define TRY_PROTOTYPES(list) try_prototypes(list, sizeof(list) / sizeof *(list))

static int check_prototypes(void)
{
	int wrong = TRY_PROTOTYPES(prototypes);
	if (limit_features & HAS_AVX)
		wrong += TRY_PROTOTYPES(with_avx);
	if (limit_features & HAS_AVX512)
		wrong += TRY_PROTOTYPES(with_avx512);
	return wrong;
}

static uint64_t list_of(const char *types, ...)
{
	va_list args;
	va_start(args, types);
	uint64_t sum = abi_variadic_list(types, args);
	va_end(args);
	return sum;
}

static int check_variadic(void)
{
	long l[6];
	double d[12];
	ldouble x;
	longs s;
	big b;
	ABI_MAKE(&state, l);
	ABI_MAKE(&state, d);
	ABI_MAKE(&state, x);
	ABI_MAKE(&state, s);
	ABI_MAKE(&state, b);
#define SAME_BY(function, ...)                                         \
	({                                                             \
		abi_be_slow(0);                                        \
		uint64_t want = abi_direct.variadic(__VA_ARGS__);      \
		abi_be_slow(now.slow);                                 \
		want == function(__VA_ARGS__);                         \
	})
#define SAME_VARIADIC(...) (SAME_BY(abi_variadic, __VA_ARGS__) && SAME_BY(list_of, __VA_ARGS__))
	return !SAME_VARIADIC("") + !SAME_VARIADIC("ii", (int)l[0], (int)l[1]) + !SAME_VARIADIC("d", d[0]) +
	       !SAME_VARIADIC("ldldldldldldddddddd", l[0], d[0], l[1], d[1], l[2], d[2], l[3], d[3], l[4], d[4], l[5], d[5], d[6], d[7],
			      d[8], d[9], d[10], d[11], d[0]) +
	       !SAME_VARIADIC("sLbpdidsblL", s, x, b, (pointer)d, d[0], (int)l[0], d[1], s, b, l[1], x) +
	       !SAME_VARIADIC("dddddddd", d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
}

/* ---- registers: what the function sees, and what the caller finds */

static uint64_t all_of_a_register(int n) { return n == 0 ? 0xff : ~0ull; } /* al: a bound of the vectors in a variadic call */

static unsigned results_in(uint16_t tags)
{
	unsigned n = 0;
	for (int i = 0; i < 8; i++)
		n += (tags >> 2 * i & 3) != 3;
	return n;
}

static int check_registers(void)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
	enum { IS_ARGUMENT = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9, IS_KEPT = 1 << 3 | 1 << 5 | 0xf << 12 };
	struct limit_regs in = {0}, out = {0};
	struct limit_talk talk = {0};
	size_t bytes = limit_features & HAS_AVX512 ? 64 : limit_features & HAS_AVX ? 32 : 16;
	int wrong = 0;

	for (int i = 0; i < 2; i++) {
		struct limit_regs *r = i ? &talk.give : &in;
		ABI_MAKE(&state, r->gpr);
		ABI_MAKE(&state, r->stack);
		ABI_MAKE(&state, r->vector);
		for (int j = 0; j < 2; j++)
			abi_make_ldouble(&state, r->st[j], sizeof(ldouble));
	}
	in.mxcsr = (uint32_t)abi_step(&state) & 0xffff & ~0x40u & ~0x3fu; /* rounding, flush to zero */
	in.mxcsr |= 0x1f80;
	in.x87 = (uint16_t)(0x7f | (abi_step(&state) & 0xc00) | 0x300);
	in.tags = (uint16_t)(abi_step(&state) % 3);
	talk.x87s = in.tags;
	talk.turns = now.slow ? abi_step(&state) % now.slow : 0;
	in.stack[0] = (uint64_t)&talk;
	limit_regs_call(&in, &out, limit_regs_listen);

#define WRONG(condition, ...)                 \
	do {                                  \
		if ((condition) && wrong++ == 0) \
			diag(__VA_ARGS__);    \
	} while (0)
	const struct limit_regs *seen = &talk.seen;
	for (int i = 0; i < 16; i++) {
		if (IS_ARGUMENT >> i & 1)
			WRONG((seen->gpr[i] ^ in.gpr[i]) & all_of_a_register(i), "the argument in %s is another", names[i]);
		if (IS_KEPT >> i & 1)
			WRONG(out.gpr[i] != in.gpr[i], "%s is not kept", names[i]);
	}
	WRONG(seen->gpr[4] % 16 != 8, "the stack is not aligned");
	WRONG(seen->flags & 0x400 || out.flags & 0x400, "the direction flag is set");
	WRONG(seen->mxcsr != in.mxcsr || out.mxcsr != in.mxcsr, "MXCSR is %x, was %x, is to be %x", seen->mxcsr, out.mxcsr, in.mxcsr);
	WRONG(seen->x87 != in.x87 || out.x87 != in.x87, "the x87 control word is %x, was %x, is to be %x", seen->x87, out.x87, in.x87);
	WRONG(results_in(seen->tags) != 0, "the x87 stack is not empty");
	WRONG(results_in(out.tags) != talk.x87s, "the x87 stack has %u results, not %u", results_in(out.tags), talk.x87s);
	WRONG(memcmp(seen->stack, in.stack, sizeof in.stack) != 0, "a stack argument is another");
	for (int i = 0; i < 8; i++)
		WRONG(memcmp(seen->vector[i], in.vector[i], bytes) != 0, "the argument in vector register %d is another", i);
	WRONG(out.gpr[0] != talk.give.gpr[0] || out.gpr[2] != talk.give.gpr[2], "the result in rax:rdx is another");
	for (int i = 0; i < 2; i++)
		WRONG(memcmp(out.vector[i], talk.give.vector[i], bytes) != 0, "the result in vector register %d is another", i);
	for (unsigned i = 0; i < talk.x87s; i++)
		WRONG(memcmp(out.st[i], talk.give.st[i], 10) != 0, "the result in st%u is another", i);
	WRONG(out.gpr[4] != 0, "the stack pointer is off by %lld", (long long)out.gpr[4]);
	WRONG(talk.red != 0, "%u words of the red zone are others", talk.red);
	return wrong;
}

/* ---- limited functions inside one another, through the program */

#define DEEPEST 20 /* LIMIT_DEPTH is 16 */

struct descent {
	int depth, wrong;
	const void *last;
};

static long descend(long value, void *arg)
{
	struct descent *d = arg;
	char here[16] __attribute__((aligned(16)));
	__asm__ volatile("" : : "r"(here) : "memory");
	if ((uintptr_t)here % 16)
		d->wrong++;
	if (try_mixtures() + try_doubles_in() != 2)
		d->wrong++;
	if (d->depth++ == DEEPEST)
		return value;
	long result = abi_call_back(descend, value * 3 + 1, arg);
	if (try_in_memory() != 1)
		d->wrong++;
	return result;
}

static int check_depth(void)
{
	struct descent d = {0};
	long value = (long)(abi_step(&state) % 1000), want = value;
	for (int i = 0; i < DEEPEST; i++)
		want = want * 3 + 1;
	long got = abi_call_back(descend, value, &d);
	return d.wrong + (got != want + DEEPEST + 1) + (d.depth != DEEPEST + 1);
}

static int check_errno(void)
{
	int before = (int)(abi_step(&state) % 133), error = (int)(abi_step(&state) % 3 ? abi_step(&state) % 133 : 0);
	errno = before;
	int got = abi_errno(error);
	int after = errno;
	return got != error || after != (error ? error : before);
}

/* Control words that a function changes on purpose, as fesetround() does, stay changed. */
static int check_control(void)
{
	static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}, precisions[] = {0, 0x200, 0x300};
	int mode = modes[abi_step(&state) % 4], precision = precisions[abi_step(&state) % 3], wrong = 0;
	wrong += abi_round(mode) != 0 || fegetround() != mode;
	abi_precision(precision);
	wrong += abi_errno(0) != 0 || fegetround() != mode;
	wrong += abi_precision(0x300) != precision;
	abi_round(FE_TONEAREST);
	return wrong + (fegetround() != FE_TONEAREST);
}

static int part(const char *which)
{
	if (sscanf(which, "part %d rounds, %u steps, seed %llu", &now.rounds, &now.slow, (unsigned long long *)&state) != 3)
		return 255;
	int wrong = 0;
	for (int i = 0; i < now.rounds; i++) {
		wrong |= check_prototypes() ? PROTOTYPES : 0;
		wrong |= check_variadic() ? VARIADIC : 0;
		for (int j = 0; j < 5; j++)
			wrong |= check_registers() ? REGISTERS : 0;
		if (i % 10 == 0)
			wrong |= check_depth() ? DEPTH : 0;
		wrong |= check_errno() ? ERRNO : 0;
		wrong |= check_control() ? CONTROL : 0;
	}
	return wrong;
}

static const struct variant {
	const char *name, *rules, *environment;
	int rounds;
	unsigned slow;
	bool hits; /* budgets are used up, and the functions go on */
} variants[] = {
	{"a long budget", "liblimit_abi.so:*=1h", NULL, 3000, 0, false},
	{"10 us, hardly used up", "liblimit_abi.so:*=10us:log", NULL, 3000, 0, false},
	{"50 us and more", "liblimit_abi.so:*=50us:log", NULL, 200, 200000, true},
	{"1 ms and more", "liblimit_abi.so:*=1ms:log", NULL, 20, 4000000, true},
	{"50 us, by the timekeeper", "liblimit_abi.so:*=50us:log", "INGER_CLOCK=timekeeper", 200, 200000, true},
	{"in slices of 100 us", "liblimit_abi.so:*=1h", "INGER_SLICE=100us", 1000, 10000, false},
};
#define VARIANTS (int)(sizeof variants / sizeof *variants)
#define CHECKS 7

int main(int argc, char **argv)
{
	(void)argc;
	limit_regs_look();
	if (strncmp(argv[0], "part", 4) == 0)
		return part(argv[0]);
	plan(VARIANTS * CHECKS + 1);
	uint64_t seed = random_seed();
	for (int i = 0; i < VARIANTS; i++) {
		const struct variant *v = &variants[i];
		char name[100];
		snprintf(name, sizeof name, "part %d rounds, %u steps, seed %llu", v->rounds * (soak() ? 50 : 1), v->slow, (unsigned long long)seed + (unsigned)i);
		struct limit_end end = limit_child(v->rules, name, v->environment);
		int wrong = WIFEXITED(end.status) ? WEXITSTATUS(end.status) : 255;
		ok(!(wrong & PROTOTYPES), "%s: functions of twelve arguments", v->name);
		ok(!(wrong & VARIADIC), "%s: variadic functions", v->name);
		ok(!(wrong & REGISTERS), "%s: registers, stack and red zone", v->name);
		ok(!(wrong & DEPTH), "%s: %d limited functions inside one another", v->name, DEEPEST + 1);
		ok(!(wrong & ERRNO), "%s: errno", v->name);
		ok(!(wrong & CONTROL), "%s: control words that a function sets", v->name);
		int lines = limit_lines(end.said, "a call was slow: liblimit_abi.so:");
		if (!ok(wrong == 0 && (!v->hits || lines > 0), "%s: %s", v->name, v->hits ? "slow calls are reported" : "it ends well"))
			limit_show(&end);
	}
	/* The test itself: the two sides would see a difference. */
	now.slow = 0;
	state = seed;
	struct limit_regs in = {0}, out;
	struct limit_talk talk = {0};
	in.mxcsr = 0x1f80;
	in.x87 = 0x37f;
	in.stack[0] = (uint64_t)&talk;
	in.gpr[9] = 5;
	talk.give.gpr[0] = 7;
	limit_regs_call(&in, &out, limit_regs_listen);
	ok(talk.seen.gpr[9] == 5 && out.gpr[0] == 7 && check_registers() == 0, "without a limit it is the same");
	return done();
}
