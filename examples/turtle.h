/* SPDX-License-Identifier: Apache-2.0 */
/* turtle.h - a library as many are: one drawing for the process, kept in static variables. */
#ifndef TURTLE_H
#define TURTLE_H

/* Start a new drawing with the turtle in the middle. */
void turtle_clear(unsigned seed);
/* Let it wander; it leaves a trace. */
void turtle_walk(int steps);
/* How many places have a trace. */
int turtle_places(void);

#endif
