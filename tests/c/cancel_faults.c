/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_faults: with INGER_CONTAIN a fault ends the function that made it, and the program goes on. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "helpers.h"

static volatile int zero, hundred = 100;
static volatile long sink;
static char *volatile nowhere;
static char *truncated; /* a mapping beyond the end of its file */
static void (*volatile no_code)(void);

static void null_read(void *arg)
{
	(void)arg;
	sink = *nowhere;
}
static void null_write(void *arg)
{
	(void)arg;
	*nowhere = 1;
}
static void null_in_libc(void *arg)
{
	(void)arg;
	sink = (long)strlen(nowhere);
}
static void wild_address(void *arg)
{
	(void)arg;
	sink = *(volatile char *)(0x5555ull << 48); /* not canonical */
}
static void wild_jump(void *arg)
{
	(void)arg;
	no_code();
	sink++;
}
static void division(void *arg)
{
	(void)arg;
	sink = hundred / zero;
}
static void illegal(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}
static void bus(void *arg)
{
	(void)arg;
	sink = truncated[0];
}
static __attribute__((noinline)) long descend(long depth)
{
	volatile char frame[400];
	frame[depth % 400] = (char)depth;
	return zero ? 0 : descend(depth + 1) + frame[depth % 400];
}
static void overflow(void *arg)
{
	(void)arg;
	sink = descend(0);
}
static __attribute__((noinline)) long descend_in_libc(long depth)
{
	char frame[80];
	void *block = malloc(40);
	snprintf(frame, sizeof frame, "%ld", depth);
	long deeper = zero ? 0 : descend_in_libc(depth + 1);
	free(block);
	return deeper + frame[0];
}
static void overflow_in_libc(void *arg)
{
	(void)arg;
	sink = descend_in_libc(0);
}
/* The end of the stack at each place of a frame in turn: in the function, or in libc. */
static void overflow_from(void *arg)
{
	volatile char *shift = __builtin_alloca((size_t)(uintptr_t)arg);
	shift[0] = 1;
	sink = descend_in_libc(0) + shift[0];
}
static __attribute__((noinline)) void huge_frame(void *arg)
{
	volatile char frame[(16 << 20) + 1];
	(void)arg;
	for (size_t i = sizeof frame; i-- > 0; i -= i < 4096 ? i : 4095)
		frame[i] = 1;
	sink = frame[sizeof frame / 2];
}
static void after_pauses(void *arg)
{
	sink = (long)work(1, 3000000);
	null_write(arg);
}
/* The direction flag, rounding and precision as nobody wants them. */
static void odd_state(void *arg)
{
	unsigned mxcsr = 0x1f80 | 0x6000;
	unsigned short control = 0x0c7f;
	(void)arg;
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1\n\tfldz\n\tstd\n\tmovb $0, 0" : : "m"(mxcsr), "m"(control));
}

static const struct {
	const char *name;
	void (*function)(void *);
	int signal;
	bool overflow;
	uintptr_t address; /* 1: not checked */
} kinds[] = {
	{ "read of a null pointer", null_read, SIGSEGV, false, 0 },
	{ "write to a null pointer", null_write, SIGSEGV, false, 0 },
	{ "strlen(NULL)", null_in_libc, SIGSEGV, false, 0 },
	{ "address that is no address", wild_address, SIGSEGV, false, 1 },
	{ "jump to nowhere", wild_jump, SIGSEGV, false, 0 },
	{ "division by zero", division, SIGFPE, false, 1 },
	{ "invalid instruction", illegal, SIGILL, false, 1 },
	{ "page beyond the end of a file", bus, SIGBUS, false, 1 },
	{ "endless recursion", overflow, SIGSEGV, true, 1 },
	{ "endless recursion through libc", overflow_in_libc, SIGSEGV, true, 1 },
	{ "frame larger than the stack", huge_frame, SIGSEGV, true, 1 },
	{ "null pointer after some pauses", after_pauses, SIGSEGV, false, 0 },
	{ "odd processor state", odd_state, SIGSEGV, false, 0 },
};
#define KINDS (sizeof kinds / sizeof *kinds)

static long completed;
static void count(void *arg)
{
	(void)arg;
	completed++;
}
static double quotient(void)
{
	volatile double one = 1, three = 3;
	return one / three;
}

/* Launch with INGER_CONTAIN until it ends; 0, or the errno. */
static int contained(void (*function)(void *), void *arg, uint32_t isolation, struct inger_fault *fault)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = INGER_CONTAIN;
	attr.fault = fault;
	attr.isolation = isolation;
	linger_t call = inger_launch_attr(function, 500, arg, &attr);
	while (call.continuation && !call.is_complete)
		if (resume(&call, 500) != 0)
			return call.continuation || call.is_complete ? -1 : errno;
	return call.is_complete ? 0 : errno;
}

static void each_kind(uint32_t isolation)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct inger_fault fault = { 0 };
		double before = quotient();
		int error = contained(kinds[i].function, NULL, isolation, &fault);
		ok(error == EFAULT && fault.signal == kinds[i].signal && fault.stack_overflow == kinds[i].overflow && fault.code > 0,
		   "%s, %s: contained", isolation == INGER_SHARED ? "shared" : "isolated", kinds[i].name);
		if (kinds[i].address != 1)
			ok(fault.address == (void *)kinds[i].address && (fault.instruction || kinds[i].function == wild_jump),
			   "with its address and instruction");
		completed = 0;
		for (int n = 0; n < 10000; n++) {
			struct inger_attr attr = INGER_ATTR_INIT;
			attr.isolation = isolation;
			linger_t call = inger_launch_attr(count, TO_COMPLETION, NULL, &attr);
			if (!call.is_complete)
				break;
		}
		ok(completed == 10000 && quotient() == before, "10,000 further calls complete, and arithmetic is what it was");
	}
}

static void each_place(void)
{
	long mappings = 0;
	int contained_ones = 0;
	for (uintptr_t shift = 16; shift <= 200 * 16; shift += 16) {
		struct inger_fault fault = { 0 };
		contained_ones += contained(overflow_from, (void *)shift, INGER_SHARED, &fault) == EFAULT && fault.stack_overflow;
		if (shift == 100 * 16)
			mappings = count_mappings();
	}
	is_int(contained_ones, 200, "a stack that is full anywhere, in libc as well");
	ok(count_mappings() <= mappings, "no guard page stays open");
}

/* ---- nested */

struct nested {
	uint32_t outer_flags, inner_flags, isolation;
	int after; /* the outer function has gone on */
	int inner_error;
	struct inger_fault inner_fault;
};
/* The budget of those around it counts as well, and pauses it. */
static void run_to_end(linger_t *call)
{
	while (call->continuation && !call->is_complete && resume(call, TO_COMPLETION) == 0)
		;
}
static void nest(void *arg)
{
	struct nested *n = arg;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = n->inner_flags;
	attr.isolation = n->isolation;
	attr.fault = &n->inner_fault;
	linger_t call = inger_launch_attr(null_write, TO_COMPLETION, NULL, &attr);
	run_to_end(&call);
	n->inner_error = call.continuation ? 0 : errno;
	sink = (long)work(1, 1000000);
	n->after = 1;
}
static void nest_outer(void *arg)
{
	struct nested *n = arg;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = n->isolation;
	attr.flags = n->outer_flags;
	linger_t call = inger_launch_attr(nest, TO_COMPLETION, arg, &attr);
	run_to_end(&call);
	n->after += call.is_complete;
}

static void nested(uint32_t isolation)
{
	struct inger_fault fault = { 0 };
	struct nested inner = { .inner_flags = INGER_CONTAIN, .isolation = isolation };
	is_int(contained(nest, &inner, isolation, &fault), 0, "both contained: the outer function completes");
	ok(inner.inner_error == EFAULT && inner.inner_fault.signal == SIGSEGV && !fault.signal && inner.after == 1,
	   "the fault is the inner one's");
	struct nested outer = { .isolation = isolation };
	is_int(contained(nest, &outer, isolation, &fault), EFAULT, "the outer one contained: it ends by the inner one's fault");
	ok(fault.signal == SIGSEGV && outer.after == 0, "and has not gone on");
	struct nested deep = { .isolation = isolation };
	memset(&fault, 0, sizeof fault);
	is_int(contained(nest_outer, &deep, isolation, &fault), EFAULT, "the outermost of three contained: it ends");
	ok(fault.signal == SIGSEGV && deep.after == 0, "with the two inside it");
	struct nested middle = { .outer_flags = INGER_CONTAIN, .isolation = isolation };
	memset(&fault, 0, sizeof fault);
	is_int(contained(nest_outer, &middle, isolation, &fault), 0, "the middle one contained: the outermost completes");
	ok(!fault.signal && middle.after == 0, "after it has seen the middle one end");
	struct inger_stats stats = { .size = sizeof stats };
	inger_stats(&stats);
	is_int((long)stats.live, 0, "no call is left over");
}

/* ---- what is not contained */

static sigjmp_buf back;
static volatile sig_atomic_t handled;
static void handler(int sig)
{
	handled = sig;
	siglongjmp(back, 1);
}

static int child_signal(void (*function)(void))
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 2);
		function();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
static void send_itself(void *arg)
{
	(void)arg;
	kill(getpid(), SIGSEGV);
}
static void sent(void)
{
	contained(send_itself, NULL, INGER_ISOLATION_DEFAULT, NULL);
}
static void outside(void)
{
	division(NULL);
}
static void faulty_handler(int sig)
{
	(void)sig;
	null_write(NULL);
}
static void raise_usr1(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
}
static void in_handler(void)
{
	signal(SIGUSR1, faulty_handler);
	contained(raise_usr1, NULL, INGER_ISOLATION_DEFAULT, NULL);
}
static void not_asked(void)
{
	linger_t call = launch(null_write, TO_COMPLETION, NULL);
	(void)call;
}

static void handlers(void)
{
	static const int signals[] = { SIGSEGV, SIGFPE, SIGILL, SIGBUS };
	static void (*const functions[])(void *) = { null_write, division, illegal, bus };
	struct sigaction action, old;
	struct inger_fault fault;

	for (int i = 0; i < 4; i++) {
		sigaction(signals[i], NULL, &old);
		ok(old.sa_handler == SIG_DFL, "the program sees its own action for signal %d", signals[i]);
		memset(&action, 0, sizeof action);
		action.sa_handler = handler;
		action.sa_flags = i % 2 ? (int)SA_RESETHAND : 0;
		sigaction(signals[i], &action, NULL);
		handled = 0;
		int error = contained(functions[i], NULL, INGER_ISOLATION_DEFAULT, &fault);
		ok(error == EFAULT && fault.signal == signals[i] && !handled, "a contained fault is not the handler's");
		if (sigsetjmp(back, 1) == 0)
			functions[i](NULL);
		is_int(handled, signals[i], "a fault outside is");
		signal(signals[i], SIG_DFL);
		memset(&fault, 0, sizeof fault);
		error = contained(functions[i], NULL, INGER_ISOLATION_DEFAULT, &fault);
		ok(error == EFAULT && fault.signal == signals[i], "with the default action again it is contained as before");
	}
}

/* ---- what the function had */

static void open_and_fault(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		sink += open("/dev/null", O_RDONLY | O_CLOEXEC);
	sink += (long)malloc(100000);
	null_write(NULL);
}
static char order[8];
static void note(void *arg)
{
	strcat(order, arg);
}
static void with_handlers(void *arg)
{
	inger_cleanup_push(note, "a");
	inger_cleanup_push(note, "b");
	null_write(arg);
}
static void mask_and_fault(void *arg)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	null_write(arg);
}

static void releases(void)
{
	sigset_t set;
	long descriptors = count_descriptors();
	for (int i = 0; i < 50; i++)
		contained(open_and_fault, NULL, INGER_ISOLATION_DEFAULT, NULL);
	is_int(count_descriptors(), descriptors, "descriptors that it had opened are closed");
	is_int(contained(with_handlers, NULL, INGER_SHARED, NULL), EFAULT, "a function with cleanup handlers");
	ok(strcmp(order, "ba") == 0, "they run, newest first");
	contained(mask_and_fault, NULL, INGER_ISOLATION_DEFAULT, NULL);
	sigprocmask(SIG_BLOCK, NULL, &set);
	ok(!sigismember(&set, SIGUSR2), "its signal mask is gone with it");
}

int main(void)
{
	char path[] = "/tmp/cancel_faults.XXXXXX";
	int fd = mkstemp(path);

	plan(2 * (2 * (int)KINDS + 6) + 2 * 9 + 2 + 4 * 4 + 4 + 5);
	unlink(path);
	truncated = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ok(truncated != MAP_FAILED, "a mapping without a file behind it");
	each_kind(INGER_SHARED);
	each_kind(INGER_ISOLATED);
	each_place();
	nested(INGER_SHARED);
	nested(INGER_ISOLATED);
	handlers();
	releases();
	is_int(child_signal(sent), SIGSEGV, "a signal that was sent is not contained");
	is_int(child_signal(outside), SIGFPE, "a fault outside ends the program");
	is_int(child_signal(in_handler), SIGSEGV, "and so does one in a signal handler");
	is_int(child_signal(not_asked), SIGSEGV, "and one that nobody asked to contain");
	return done();
}
