/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.c - results in words, without blanks: they are values in a line. */
#include "outcome.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../harness.h"

static const char *const stages[] = {
	[STAGE_START] = "start",         [STAGE_WARM_UP] = "warm-up", [STAGE_MIX] = "mix",
	[STAGE_STORM] = "storm",         [STAGE_SETTLE] = "settling", [STAGE_HEAP_SIZE] = "mallinfo",
	[STAGE_HEAP] = "malloc+free",    [STAGE_AGAIN] = "good_calls", [STAGE_DIRECT] = "direct_calls",
	[STAGE_LIBRARY] = "library_check", [STAGE_END] = "end",        [STAGE_DONE] = "exit",
};

void outcome_of(struct session_result result, const struct report *r, char out[OUTCOME_ROOM]) {
	char how[40];
	if (result.end == SESSION_HANGS)
		snprintf(how, sizeof(how), "hangs");
	else if (result.end == SESSION_SIGNAL)
		snprintf(how, sizeof(how), "crashes:SIG%s", sigabbrev_np(result.code));
	else
		snprintf(how, sizeof(how), "exits:%d", result.code);
	snprintf(out, OUTCOME_ROOM, "%s,in=%s,call=%u,runaways=%u", how, stages[r->stage], r->call, r->runaways);
}

const char *outcome_left(const struct report *sum) {
	static char text[OUTCOME_ROOM + REPORT_WORDS];
	size_t have = 0;
	if (sum->wrong)
		have += (size_t)snprintf(text + have, sizeof(text) - have, "%u_wrong_results,", sum->wrong);
	if (sum->heap_damaged)
		have += (size_t)snprintf(text + have, sizeof(text) - have, "%u_blocks_damaged,", sum->heap_damaged);
	if (*sum->broken)
		have += (size_t)snprintf(text + have, sizeof(text) - have, "%s,", sum->broken);
	if (!have)
		return "ok";
	text[have - 1] = '\0';
	for (char *at = text; *at; at++)
		if (*at == ' ')
			*at = '_';
	return text;
}

int outcome_lines(const char *way, const char *by_hand) {
	char path_of_way[64], path_of_hand[64] = "", name[64];
	int sum = -1, lines;
	snprintf(path_of_way, sizeof(path_of_way), "way_%s", way);
	if (by_hand)
		snprintf(path_of_hand, sizeof(path_of_hand), "hand_%s", by_hand);
	const char *path = in_directory_of_exe("instead.lines");
	FILE *f = fopen(path, "re");
	if (!f)
		die("count lines of code", path, errno);
	while (fscanf(f, "%63s %d", name, &lines) == 2)
		if (!strcmp(name, path_of_way) || !strcmp(name, path_of_hand))
			sum = (sum < 0 ? 0 : sum) + lines;
	fclose(f);
	return sum;
}
