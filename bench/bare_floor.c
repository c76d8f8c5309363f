/* SPDX-License-Identifier: Apache-2.0 */
/* bare_floor.c - what launch, resume, pause and cancel are made of, without anything around it: a call through a pointer, a
 * switch of stacks and back, the clock's system call, a signal. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bare_ops.h"
#include "state.h"

enum { BATCH = 1000, STACK_BYTES = 64 << 10, AREA_BYTES = 16 << 10, FSGSBASE = 2 /* AT_HWCAP2 */ };

/* floor_amd64.S */
struct floor {
	void *other; /* the stack that is not in use */
	uint64_t fs;
	void *area; /* extended state */
};
void floor_stack(struct floor *floor);
void floor_control(struct floor *floor);
void floor_fs(struct floor *floor);
void floor_jump(struct floor *floor);
void floor_save(struct floor *floor);
void floor_load(struct floor *floor);
void floor_enter(void);

typedef void switching(struct floor *floor);

static switching *back;

static void come_and_go(struct floor *floor) {
	for (;;)
		back(floor);
}

/* The frame that `there` expects on the other stack: rbx and r12 are floor_enter's. */
static void prepare(struct floor *f, bool control_words) {
	static char *stack, *area;
	if (!stack) {
		stack = mmap(NULL, STACK_BYTES + AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (stack == MAP_FAILED)
			die("prepare a stack", "mmap", errno);
		area = stack + STACK_BYTES;
	}
	uint64_t *top = (uint64_t *)(stack + STACK_BYTES) - 2; /* after the return, a multiple of 16: as before a call */
	*--top = (uint64_t)floor_enter;
	*--top = 0;                     /* rbp */
	*--top = (uint64_t)come_and_go; /* rbx */
	*--top = (uint64_t)f;           /* r12 */
	for (int i = 0; i < 3; i++)
		*--top = 0;
	if (control_words) {
		uint32_t *words = (uint32_t *)--top;
		__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(words[0]), "=m"(words[1]));
	}
	f->other = top;
	f->area = area;
	__asm__("movq %%fs:0, %0" : "=r"(f->fs));
}

static double pair(switching *there, switching *and_back, bool control_words) {
	struct floor f;
	back = and_back;
	prepare(&f, control_words);
	if (and_back == floor_save)
		memset(f.area, 0, AREA_BYTES);
	there == floor_load ? floor_control(&f) : there(&f); /* the first time there is nothing to load */
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		there(&f);
	return (now_ns() - start) / BATCH;
}

static void nothing(void *argument) { (void)argument; }

static double call(void) {
	void (*volatile pointer)(void *) = nothing;
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		pointer(NULL);
	return (now_ns() - start) / BATCH;
}

static double ticks(void) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++) {
		uint64_t now = __rdtsc();
		__asm__ volatile("" : : "r"(now));
	}
	return (now_ns() - start) / BATCH;
}

static double system_call(void) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		syscall(SYS_getppid);
	return (now_ns() - start) / BATCH;
}

static void handle(int signal) { (void)signal; }

static double arm(void) {
	timer_t timer = bare_thread_timer(handle); /* which is only reached when something else has the processor for long */
	struct itimerspec when = { .it_value = { .tv_nsec = 100000 } }, never = { 0 };
	double start = now_ns();
	for (int i = 0; i < BATCH / 10; i++) {
		when.it_value.tv_nsec = 500000 - 1000 * i; /* each is the thread's next, and the hardware has to be told */
		timer_settime(timer, 0, &when, NULL);
	}
	double elapsed = now_ns() - start;
	timer_settime(timer, 0, &never, NULL);
	timer_delete(timer);
	return elapsed / (BATCH / 10);
}

/* Handler and return; the thread sends it to itself. */
static double signal_pair(void) {
	struct sigaction action = { .sa_handler = handle };
	if (sigaction(SIGUSR1, &action, NULL))
		die("handle a signal", "sigaction", errno);
	pid_t process = getpid(), thread = (pid_t)syscall(SYS_gettid);
	double start = now_ns();
	for (int i = 0; i < BATCH / 10; i++)
		syscall(SYS_tgkill, process, thread, SIGUSR1);
	return (now_ns() - start) / (BATCH / 10);
}

static bool fsgsbase(void) { return getauxval(AT_HWCAP2) & FSGSBASE; }

double base_floor(uint64_t part) {
	switch ((enum bare_floor)part) {
	case FLOOR_CALL:
		return call();
	case FLOOR_TICKS:
		return ticks();
	case FLOOR_STACK:
		return pair(floor_stack, floor_stack, false);
	case FLOOR_CONTROL:
		return pair(floor_control, floor_control, true);
	case FLOOR_FS:
		return fsgsbase() ? pair(floor_fs, floor_fs, true) : -1;
	case FLOOR_JUMP:
		return fsgsbase() ? pair(floor_jump, floor_jump, true) : -1;
	case FLOOR_STATE:
		return fsgsbase() && state_available(STATE_NONE) ? pair(floor_load, floor_save, true) : -1;
	case FLOOR_SYSCALL:
		return system_call();
	case FLOOR_ARM:
		return arm();
	case FLOOR_SIGNAL:
		return signal_pair();
	case FLOOR_PARTS:
		break;
	}
	die("measure a floor", "unknown part", EINVAL);
}
