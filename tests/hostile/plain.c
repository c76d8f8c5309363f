/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - the program that knows nothing of libinger: a line for each result, "LIBRARY NUMBER DIGEST". Its output is what
 * the results are compared with, and what it gives in slices. With an argument everything is done that many times. */
#include "library.h"

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1;
	for (const struct library *const *l = __start_libraries; l < __stop_libraries; l++)
		for (int number = 0; number < LIBRARY_NUMBERS; number++) {
			uint64_t result = (*l)->work(number);
			for (int i = 0; i < times; i++)
				if ((*l)->work(number) != result) {
					fprintf(stderr, "%s: number %d gives different results\n", (*l)->name, number);
					return 1;
				}
			printf("%s %d %llx\n", (*l)->name, number, (unsigned long long)result);
		}
	return 0;
}
