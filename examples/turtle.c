/* SPDX-License-Identifier: Apache-2.0 */
/* turtle.c - libturtle.so, the library of instances.c: not thread-safe, and one of it in a process. */
#include "turtle.h"
#include <stdlib.h>
#include <string.h>

#define SIDE 512

static unsigned char paper[SIDE][SIDE];
static int x, y, places;

void turtle_clear(unsigned seed)
{
	memset(paper, 0, sizeof paper);
	x = y = SIDE / 2;
	places = 0;
	srandom(seed); /* libc's, one sequence for the process */
}

void turtle_walk(int steps)
{
	while (steps-- > 0) {
		long turn = random() % 4;
		x = (x + (turn == 0) - (turn == 1) + SIDE) % SIDE;
		y = (y + (turn == 2) - (turn == 3) + SIDE) % SIDE;
		places += !paper[y][x];
		paper[y][x] = 1;
	}
}

int turtle_places(void)
{
	return places;
}
