/* SPDX-License-Identifier: Apache-2.0 */
/* ctypes_spin: the C function that python_ctypes.t launches. */
struct spinner {
	volatile int stop;
	volatile unsigned long turns;
};

void spin_counting(void *arg)
{
	struct spinner *s = arg;
	while (!s->stop)
		s->turns++;
}
