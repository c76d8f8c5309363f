/* SPDX-License-Identifier: Apache-2.0 */
/* state_survives: a function that is paused at random points finds every register as it left it: general registers,
 * flags, red zone, MXCSR, x87, vector and mask registers, tiles and protection keys, whatever the processor has; and the
 * side that resumes finds its own control words, a clear direction flag and an empty x87 stack. */
#include <alloca.h>
#include <cpuid.h>
#include <sys/syscall.h>
#include "helpers.h"
#include "state_regs.h"

extern uint64_t state_rax;

#define FLAGS_TESTED 0xcd5u /* CF PF AF ZF SF DF OF */

/* Linux's names for the request to use tile registers. */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

static uint64_t xcr0(void)
{
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void find_features(void)
{
	uint32_t a, b, c, d, b7, c7, d7;
	__cpuid_count(1, 0, a, b, c, d);
	if (!(c & (1u << 27))) /* OSXSAVE */
		return;
	uint64_t enabled = xcr0();
	__cpuid_count(7, 0, a, b7, c7, d7);
	if ((c & bit_AVX) && (enabled & 6) == 6)
		state_features |= HAS_AVX;
	if ((b7 & bit_AVX512F) && (b7 & bit_AVX512BW) && (enabled & 0xe6) == 0xe6)
		state_features |= HAS_AVX512;
	if (c7 & (1u << 4)) /* OSPKE */
		state_features |= HAS_PKU;
	if ((d7 & (1u << 24)) && (enabled >> 17 & 3) == 3 && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)
		state_features |= HAS_AMX;
	diag("tested: general registers, flags, red zone, MXCSR, x87, %s%s%s", state_features & HAS_AVX512 ? "zmm, masks"
		: state_features & HAS_AVX ? "ymm" : "xmm", state_features & HAS_PKU ? ", protection keys" : "",
		state_features & HAS_AMX ? ", tiles" : "");
	if (state_features != (HAS_AVX | HAS_AVX512 | HAS_PKU | HAS_AMX))
		diag("not on this processor: %s%s%s", state_features & HAS_AVX512 ? "" : "zmm and masks; ",
			state_features & HAS_PKU ? "" : "protection keys; ", state_features & HAS_AMX ? "" : "tiles");
}

static void fill(struct machine *m, uint64_t *state)
{
	uint64_t *word = (uint64_t *)m;
	for (size_t i = 0; i < sizeof *m / 8; i++)
		word[i] = random_next(state);
	m->flags = (m->flags & FLAGS_TESTED) | 0x202;
	/* All exceptions masked, random rounding and flags: an unmasked one would be raised by whoever computes next. */
	m->mxcsr = (m->mxcsr & 0xe07f) | 0x1f80;
	m->pkru &= ~3u; /* key 0 is all memory */
	uint16_t *x87 = (uint16_t *)m->x87;
	x87[0] = (uint16_t)((x87[0] & 0x0f00) | 0x037f);
	x87[2] = (uint16_t)(x87[2] & 0x7f3f);
	x87[4] = 0;
	for (int i = 6; i < 14; i++)
		x87[i] = 0; /* instruction and operand pointers: processors keep them after exceptions only */
	for (int i = 0; i < 8; i++) {
		uint8_t *value = m->x87 + 28 + 10 * i;
		value[7] |= 0x80; /* a normal number: the tag is then "valid" */
		value[9] = (uint8_t)(0x3f | (value[9] & 0x80));
	}
	memset(m->tilecfg, 0, sizeof m->tilecfg);
	m->tilecfg[0] = 1; /* palette 1: 8 tiles of 16 rows of 64 bytes */
	for (int i = 0; i < 8; i++) {
		m->tilecfg[16 + 2 * i] = 64;
		m->tilecfg[48 + i] = 16;
	}
}

static int differ(const char *what, const void *want, const void *got, size_t size)
{
	const uint8_t *a = want, *b = got;
	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i]) {
			diag("%s: byte %zu is %02x, want %02x", what, i, b[i], a[i]);
			return 1;
		}
	return 0;
}

static int compare(const struct machine *want)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
	const struct machine *got = &state_out;
	int wrong = 0;
	for (int i = 0; i < 16; i++)
		if (i != 4)
			wrong += differ(names[i], &want->gpr[i], &got->gpr[i], 8);
	uint64_t flags = got->flags & FLAGS_TESTED, wanted = want->flags & FLAGS_TESTED;
	wrong += differ("flags", &wanted, &flags, 8);
	wrong += differ("mxcsr", &want->mxcsr, &got->mxcsr, 4);
	wrong += differ("red zone", want->red, got->red, sizeof want->red);
	wrong += differ("x87 control word", want->x87, got->x87, 2);
	wrong += differ("x87 status word", want->x87 + 4, got->x87 + 4, 2);
	wrong += differ("x87 tag word", want->x87 + 8, got->x87 + 8, 2);
	wrong += differ("x87 stack", want->x87 + 28, got->x87 + 28, 80);
	if (state_features & HAS_PKU)
		wrong += differ("pkru", &want->pkru, &got->pkru, 4);
	if (state_features & HAS_AVX512)
		wrong += differ("masks", want->k, got->k, sizeof want->k);
	for (int i = 0; i < (state_features & HAS_AVX512 ? 32 : 16); i++) {
		char name[8];
		snprintf(name, sizeof name, "vec%d", i);
		wrong += differ(name, want->vector[i], got->vector[i],
			state_features & HAS_AVX512 ? 64 : state_features & HAS_AVX ? 32 : 16);
	}
	if (state_features & HAS_AMX) {
		wrong += differ("tile configuration", want->tilecfg, got->tilecfg, sizeof want->tilecfg);
		wrong += differ("tiles", want->tile, got->tile, sizeof want->tile);
	}
	return wrong;
}

/* What the ABI promises the caller of launch() and resume(), whatever the paused function was doing. */
static int caller_wrong;
static void check_caller(uint32_t mxcsr_wanted, uint16_t control_wanted)
{
	struct {
		uint32_t control, status, tag, rest[4];
	} environment;
	uint64_t flags;
	uint32_t mxcsr;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstenv %0; fldenv %0" : "=m"(environment));
	int wrong = (flags & 0x400) || ((mxcsr ^ mxcsr_wanted) & 0xffc0) || (uint16_t)environment.control != control_wanted
		|| (uint16_t)environment.tag != 0xffff;
	if (wrong && caller_wrong++ < 5)
		diag("caller: DF %d, mxcsr %x (want %x), x87 control %x (want %x), tags %x", !!(flags & 0x400), mxcsr, mxcsr_wanted,
			environment.control & 0xffff, control_wanted, environment.tag & 0xffff);
}

static long pauses;
static int registers(uint64_t *state, long wanted)
{
	static struct machine want, other;
	static const uint32_t roundings[] = { 0x1f80, 0x3f80, 0x5f80, 0x7f80 };
	int wrong = 0;
	while (pauses < wanted && wrong < 10) {
		fill(&want, state);
		state_rax = want.gpr[0];
		state_next = state_turn;
		memset(&state_out, 0, sizeof state_out);
		/* The caller has control words of its own, and must find them again after each slice. */
		uint32_t mxcsr = roundings[random_next(state) % 4];
		uint16_t control = (uint16_t)(0x37f | (random_next(state) % 4) << 10);
		__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
		linger_t call = launch(state_run, random_range(state, 1, 40), &want);
		check_caller(mxcsr, control);
		for (uint64_t slices = random_range(state, 3, 30); slices > 0 && !call.is_complete; slices--) {
			fill(&other, state);
			state_scramble(&other);
			if (resume(&call, random_range(state, 1, 40)) != 0)
				bail("resume");
			check_caller(mxcsr, control);
			pauses++;
		}
		state_next = state_exit;
		while (!call.is_complete && resume(&call, random_range(state, 5, 40)) == 0)
			pauses++;
		mxcsr = 0x1f80, control = 0x37f;
		__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
		wrong += compare(&want);
	}
	return wrong;
}

/* libc's string functions hold their work in vector registers, and are entered with every stack alignment. */
static volatile int stop;
static volatile uint64_t strings_done, strings_wrong;
static __attribute__((noinline)) void strings(void *arg)
{
	uint64_t state = *(uint64_t *)arg;
	static char text[2][4096];
	while (!stop) {
		volatile char *room = alloca(random_range(&state, 1, 200));
		room[0] = 1;
		size_t length = random_range(&state, 1, 3000), at = random_range(&state, 0, length - 1);
		memset(text[0], 'a', length);
		text[0][length] = 0;
		strings_wrong += strlen(text[0]) != length;
		text[0][at] = 'b';
		strings_wrong += strchr(text[0], 'b') != text[0] + at;
		strings_wrong += memchr(text[0], 'b', length) != text[0] + at;
		memcpy(text[1], text[0], length + 1);
		strings_wrong += memcmp(text[0], text[1], length + 1) != 0 || strcmp(text[0], text[1]) != 0;
		strings_wrong += strrchr(text[1], 'b') != text[1] + at;
		strings_done++;
		if (strings_done % 64 == 0) /* not one frame that grows for ever */
			break;
	}
}
static void strings_for_long(void *arg)
{
	while (!stop)
		strings(arg);
}

int main(void)
{
	long wanted = soak() ? 2000000 : 25000;
	plan(5);
	uint64_t state = random_seed();
	find_features();
	is_int(registers(&state, wanted), 0, "all registers survive %ld pauses at random points", wanted);
	ok(pauses >= wanted, "that many pauses happened");
	is_int(caller_wrong, 0, "the resuming side's control words, direction flag and x87 stack are as the ABI wants them");
	static struct machine other;
	linger_t call = launch(strings_for_long, 30, &state);
	for (long i = 0; i < wanted / 3 && !call.is_complete; i++) {
		fill(&other, &state);
		state_scramble(&other);
		if (resume(&call, random_range(&state, 1, 30)) != 0)
			bail("resume");
	}
	stop = 1;
	resume(&call, TO_COMPLETION);
	ok(strings_done > 0, "string functions ran (%llu rounds)", (unsigned long long)strings_done);
	is_int(strings_wrong, 0, "and gave right results");
	return done();
}
