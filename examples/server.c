/* SPDX-License-Identifier: Apache-2.0 */
/* server - a line protocol with a deadline for each request: grep for strangers.
 *
 * A request is a line "PATTERN TEXT", its answer a line. libc's matcher takes years for some patterns, and gigabytes for
 * others; nobody has to know which. What a request that is given up had allocated is released. */
#include <inger.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const char *pattern, *text;
	char answer[200];
};

/* An ordinary function: it knows nothing of deadlines. */
static void match(void *arg)
{
	struct request *r = arg;
	regex_t pattern;
	int error = regcomp(&pattern, r->pattern, REG_EXTENDED);

	if (!error) {
		error = regexec(&pattern, r->text, 0, NULL, 0);
		regfree(&pattern);
	}
	if (!error)
		strcpy(r->answer, "match");
	else
		regerror(error, NULL, r->answer, sizeof r->answer);
}

static const char *serve(struct request *r, uint64_t budget_us)
{
	struct inger_attr attr = INGER_ATTR_INIT;

	attr.name = "match";
	attr.flags = INGER_CONTAIN;      /* a bug in the matcher is the end of one request */
	attr.heap_bytes = 64u << 20;     /* and so is greed: "Memory exhausted" */
	int error = inger_call(match, r, budget_us, &attr);
	/* A cancelled function may have been in the middle of writing its answer. */
	return error == 0 ? r->answer : error == ETIMEDOUT ? "gave up" : inger_strerror(error);
}

int main(int argc, char **argv)
{
	uint64_t budget_us = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
	struct inger_stats stats = {.size = sizeof stats};
	char *line = NULL, *text;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		text = strchr(line, ' ');
		if (!text) {
			puts("a request is PATTERN TEXT");
			continue;
		}
		*text++ = '\0';
		struct request r = {.pattern = line, .text = text};
		puts(serve(&r, budget_us));
		fflush(stdout);
	}
	free(line);
	if (inger_stats(&stats) == 0)
		fprintf(stderr, "server: %llu answered, %llu given up\n", (unsigned long long)stats.completed,
			(unsigned long long)stats.cancelled);
	return 0;
}
