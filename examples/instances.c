/* SPDX-License-Identifier: Apache-2.0 */
/* instances - eight instances of a library with global state, one on each of eight threads, at the same time.
 *
 * libturtle.so keeps its drawing in static variables and its random numbers in libc's. Each libset has a copy of both. */
#include <gotcha.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include "turtle.h"

#define INSTANCES 8
#define STEPS 400000

struct artist {
	gotcha_t *libset;
	unsigned seed;
	int places;
};

static void *draw(void *arg)
{
	struct artist *a = arg;
	void (*clear)(unsigned) = (void (*)(unsigned))gotcha_sym(a->libset, "turtle_clear");
	void (*walk)(int) = (void (*)(int))gotcha_sym(a->libset, "turtle_walk");
	int (*places)(void) = (int (*)(void))gotcha_sym(a->libset, "turtle_places");

	if (!clear || !walk || !places)
		return NULL;
	/* random() is libc's: inside, it is the libset's. */
	gotcha_enter(a->libset);
	clear(a->seed);
	for (int i = 0; i < STEPS / 1000; i++)
		walk(1000);
	a->places = places();
	gotcha_leave();
	return a;
}

int main(void)
{
	struct artist artists[INSTANCES];
	pthread_t threads[INSTANCES];
	int wrong = 0;

	for (int i = 0; i < INSTANCES; i++) {
		artists[i] = (struct artist){gotcha_open("libturtle.so"), (unsigned)i + 1, 0};
		if (!artists[i].libset) {
			fprintf(stderr, "instances: %s\n", inger_strerror(errno));
			return 1;
		}
	}
	for (int i = 0; i < INSTANCES; i++)
		if (pthread_create(&threads[i], NULL, draw, &artists[i]) != 0)
			return 1;
	for (int i = 0; i < INSTANCES; i++)
		pthread_join(threads[i], NULL);

	/* The same drawings one after the other, by the library that the program itself is linked with. */
	for (int i = 0; i < INSTANCES; i++) {
		turtle_clear(artists[i].seed);
		turtle_walk(STEPS);
		printf("turtle %d: %d places, alone %d\n", i + 1, artists[i].places, turtle_places());
		wrong += artists[i].places != turtle_places();
		gotcha_close(artists[i].libset);
	}
	return wrong != 0;
}
