/* SPDX-License-Identifier: Apache-2.0 */
/* ends_lib.c - see ends.h. */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "ends.h"

#define COUNTS "ENDS_COUNTS"
#define BLOCK 512 /* as large as libc's table of the values of 32 more keys */

static struct ends_counts none;
static pthread_key_t key;
static int constructed;

static struct ends_counts *counts(void)
{
	const char *text = getenv(COUNTS);
	return text ? (struct ends_counts *)strtoul(text, NULL, 16) : &none;
}

void ends_count(struct ends_counts *to)
{
	char text[32];
	snprintf(text, sizeof text, "%lx", (unsigned long)to);
	setenv(COUNTS, text, 1);
}

static void forks(void) { counts()->forks++; }
static void exits(void) { counts()->exits++; }
static void exits_too(int status, void *arg) { counts()->exits += status == 0 && arg == &key; }
static void destroys(void *value) { counts()->destroyed += value == &key; }
static void handles(int sig) { counts()->signals += sig != 0; }

__attribute__((constructor)) static void construct(void)
{
	char name[64], *block = malloc(BLOCK), *before = strdup("before");
	int good = block && before;

	memset(block, 'A', BLOCK);
	good &= pthread_key_create(&key, destroys) == 0 && pthread_setspecific(key, &key) == 0;
	good &= pthread_atfork(NULL, forks, NULL) == 0;
	/* A new name each time: libc makes its table of the environment larger. */
	snprintf(name, sizeof name, "ENDS_%p", (void *)&key);
	good &= setenv(name, "a value that libc keeps", 1) == 0;
	for (int i = 0; i < BLOCK && good; i++)
		good &= block[i] == 'A';
	constructed = good && strcmp(before, "before") == 0;
}

int ends_constructed(void) { return constructed; }

void ends_at_exit(void)
{
	atexit(exits);
	on_exit(exits_too, &key);
	at_quick_exit(exits);
}

void ends_on_signal(int sig) { signal(sig, handles); }
void ends_value(void) { pthread_setspecific(key, &key); }

static pthread_once_t once = PTHREAD_ONCE_INIT, throwing = PTHREAD_ONCE_INIT;
static int made = -1;
static char *kept;
static void (*thrower)(void);
static void make(void)
{
	made = open("/dev/null", O_RDONLY);
	kept = malloc(100000);
	setenv("ENDS_ONCE", "a value that libc keeps", 1);
	counts()->onces++;
}

int ends_once(void)
{
	pthread_once(&once, make);
	return made >= 0 && kept;
}

void ends_thrower(void (*throws)(void)) { thrower = throws; }
void ends_once_throws(void) { pthread_once(&throwing, thrower); }

/* ---- threads that never end */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile int word, begun;
static unsigned long volatile turns;

static void *rests(void *arg)
{
	enum ends_rest rest = (enum ends_rest)(long)arg;
	char local[64];

	memset(local, 'x', sizeof local);
	begun = 1;
	for (;;)
		switch (rest) {
		case ENDS_CONDITION:
			pthread_mutex_lock(&mutex);
			pthread_cond_wait(&condition, &mutex);
			pthread_mutex_unlock(&mutex);
			break;
		case ENDS_FUTEX:
			syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
			break;
		case ENDS_POLL:
			poll(NULL, 0, -1);
			break;
		default:
			turns++;
		}
	return NULL;
}

int ends_thread(enum ends_rest rest)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, rests, (void *)(long)rest);

	while (!error && !begun)
		usleep(100);
	begun = 0;
	return error;
}

static timer_t timer;
static void counts_up(union sigval value) { counts()->signals += value.sival_ptr == &timer; }

int ends_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_ptr = &timer, .sigev_notify_function = counts_up};
	struct itimerspec each = {{0, 1000000}, {0, 1000000}};
	return timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 ? timer_settime(timer, 0, &each, NULL) : -1;
}
