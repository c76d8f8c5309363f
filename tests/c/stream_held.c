/* SPDX-License-Identifier: Apache-2.0 */
/* stream_held: a stream whose lock a paused call has. Others wait within their budgets; who has none helps, and gets EDEADLK after a
 * while; nobody waits for ever. */
#include <pthread.h>
#include <wchar.h>
#include "helpers.h"

static FILE *file;
static volatile int stop;
static struct { char text[100]; int error, result; } got;

static void locks_and_pauses(void *arg)
{
	flockfile(file);
	fputs((const char *)arg, file);
	inger_pause();
	fputs(".", file);
	funlockfile(file);
}
static void locks_and_spins(void *arg)
{
	(void)arg;
	flockfile(file);
	while (!stop)
		;
	funlockfile(file);
	while (stop != 2)
		;
}
static void prints(void *arg) { got.result = fprintf(file, "%s", (const char *)arg); got.error = errno; }
static void locks(void *arg) { (void)arg; flockfile(file); funlockfile(file); }
static void flushes(void *arg) { (void)arg; fflush(file); }
static void reads(void *arg) { (void)arg; (void)!fgets(got.text, sizeof got.text, file); }
static void moves(void *arg) { (void)arg; fseek(file, 0, SEEK_SET); }
static void closes_over(void *arg) { (void)arg; (void)!freopen("/dev/null", "r+", file); }
static void flushes_all(void *arg) { (void)arg; fflush(NULL); }

static void *prints_on_thread(void *arg)
{
	errno = 0;
	prints(arg);
	return NULL;
}

static void nested(void *arg)
{
	linger_t call = launch(locks_and_spins, 2000, NULL);
	(void)arg;
	got.result = fprintf(file, "x"); /* within the outer budget */
	stop = 1;
	cancel(&call);
}

static void holds_and_calls(void *arg)
{
	(void)arg;
	flockfile(file);
	got.error = inger_call(prints, "inner", TO_COMPLETION, NULL) == 0 ? 0 : errno;
	got.error = got.result < 0 ? EDEADLK : got.error;
	funlockfile(file);
}

int main(void)
{
	static const struct { const char *name; void (*function)(void *); } waits[] = {
		{"fprintf()", prints}, {"flockfile()", locks}, {"fflush()", flushes}, {"fgets()", reads}, {"fseek()", moves},
		{"freopen()", closes_over}};
	char line[100] = "", *text = NULL;
	size_t room = 0;
	double number = 0;
	pthread_t thread;

	plan(6 + 6 + 12 + 6);
	file = tmpfile();

	linger_t call = launch(locks_and_pauses, 5000, "one");
	errno = 0;
	/* Vector registers hold an argument while the other call runs on. */
	ok(fprintf(file, "%s %.3f", " two", 2.125) == 10, "the program's side prints where a call has paused with the lock");
	ok(!call.is_complete && resume(&call, TO_COMPLETION) == 0 && call.is_complete, "and the call goes on from there");
	rewind(file);
	ok(fgets(line, sizeof line, file) && strcmp(line, "one. two 2.125") == 0, "in the order of the locks: %s", line);
	(void)number;

	stop = 0;
	call = launch(locks_and_spins, 3000, NULL);
	errno = 0;
	ok(fputs("no", file) == EOF && errno == EDEADLK, "fputs() fails with EDEADLK when the call does not let go");
	errno = 0;
	ok(fwrite("no", 1, 2, file) == 0 && errno == EDEADLK, "fwrite() writes nothing");
	errno = 0;
	ok(!fgets(line, sizeof line, file) && errno == EDEADLK, "fgets() gives NULL");
	for (unsigned i = 0; i < sizeof waits / sizeof *waits; i++)
		ok(inger_call(waits[i].function, "no", 4000, NULL) == ETIMEDOUT, "%s in a call ends with its budget", waits[i].name);
	ok(fgetc(file) == EOF && errno == EDEADLK, "fgetc() gives EOF");
	errno = 0;
	ok(getline(&text, &room, file) == -1 && errno == EDEADLK, "getline() gives -1");
	errno = 0;
	ok(fseek(file, 0, SEEK_SET) == -1 && errno == EDEADLK, "fseek() gives -1");
	errno = 0;
	ok(ftell(file) == -1 && errno == EDEADLK, "ftell() gives -1");
	errno = 0;
	ok(ungetc('x', file) == EOF && errno == EDEADLK, "ungetc() gives EOF");
	errno = 0;
	ok(fflush(file) == EOF && errno == EDEADLK, "fflush() gives EOF");
	errno = 0;
	ok(fflush(NULL) == EOF && errno == EDEADLK, "fflush(NULL) gives EOF");
	errno = 0;
	ok(fclose(file) == EOF && errno == EDEADLK, "fclose() gives EOF and leaves the stream");
	errno = 0;
	ok(fgetwc(file) == WEOF && errno == EDEADLK, "fgetwc() gives WEOF");
	pthread_create(&thread, NULL, prints_on_thread, "thread");
	pthread_join(thread, NULL);
	ok(got.result < 0 && got.error == EDEADLK, "a thread that knows nothing of calls gets EDEADLK, too");
	ok(inger_call(flushes_all, NULL, 4000, NULL) != EINVAL, "fflush(NULL) in a call ends");
	got.error = 0;
	run_sliced(prints, "no", TO_COMPLETION);
	ok(got.result < 0 && got.error == EDEADLK, "a call without a budget gets EDEADLK");
	stop = 1;
	ok(fputs("yes", file) >= 0, "once the call can let go, the program's side makes it");
	ok(!call.is_complete, "which ends with the lock, not with the call");
	stop = 2;
	flockfile(file);
	funlockfile(file);
	resume(&call, TO_COMPLETION);

	/* The call ends, or jumps out, while it is helped. */
	stop = 2;
	call = launch(locks_and_spins, 0, NULL);
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete, "without anybody waiting");
	stop = 0;
	ok(inger_call(nested, NULL, 20000, NULL) == ETIMEDOUT, "a call waits for one that it has launched, within its budget");
	stop = 2; /* the inner one is nobody's now, and can end */
	got.error = got.result = 0;
	ok(run_sliced(holds_and_calls, NULL, TO_COMPLETION) >= 0, "a call that prints inside of one that has the lock");
	ok(got.result < 0 || got.error == 0, "does not hang");
	return done();
}
