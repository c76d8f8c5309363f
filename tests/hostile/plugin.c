/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - a library that comes and goes; PLUGIN_TLS bytes of its thread-local variables are all 7, as everyone who looks at
 * them first has to find. */
#include <pthread.h>
#include <stdlib.h>

static __thread char each[PLUGIN_TLS] = { [0 ... PLUGIN_TLS - 1] = 7 };
static __thread long sum;
static char *block;
static pthread_key_t key;

__attribute__((constructor)) static void come(void)
{
	block = malloc(100);
	pthread_key_create(&key, NULL);
	pthread_setspecific(key, block);
}

__attribute__((destructor)) static void go(void)
{
	pthread_key_delete(key);
	free(block);
}

/* plugin_add - to this thread's sum; -1000 when its variables do not begin as they should. */
long plugin_add(long number);
long plugin_add(long number)
{
	for (int i = 0; i < PLUGIN_TLS; i++)
		if (each[i] != 7)
			return -1000;
	return sum += number;
}
