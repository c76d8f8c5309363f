/* SPDX-License-Identifier: Apache-2.0 */
/* ncurses (libncurses-dev: -lncursesw -ltinfo): draws on a terminal that is a stream to nowhere */
#include "library.h"
#include <curses.h>
#include <term.h>
#include <unistd.h>

static uint64_t work(int number)
{
	FILE *null = fopen("/dev/null", "r+e");
	uint64_t result = 0;
	SCREEN *screen = newterm("xterm", null, null);
	if (!screen)
		return 1;
	for (int i = 0; i < 20; i++) {
		mvprintw(i, number, "line %d of %d", i, number);
		refresh();
		char text[30];
		mvinnstr(i, number, text, 20);
		result = digest_text(result, text);
	}
	WINDOW *window = newwin(5, 20, 2, 2);
	box(window, 0, 0);
	wrefresh(window);
	delwin(window);
	endwin();
	delscreen(screen);
	fclose(null);
	return result;
}

LIBRARY(ncurses, work)
