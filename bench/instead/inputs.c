/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.c - the file of inputs. */
#include "inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../harness.h"

static int file = -1;

static void append(struct inputs *inputs, const void *bytes, size_t size) {
	uint32_t n = inputs->good + inputs->bad;
	if (n == INPUTS_MAX)
		die("make inputs", "too many", 0);
	inputs->item[n].at = inputs->end;
	inputs->item[n].bytes = size;
	if (pwrite(file, bytes, size, (off_t)inputs->end) != (ssize_t)size)
		die("make inputs", "write", errno);
	inputs->end += (size + 63) / 64 * 64;
}

void inputs_good(struct inputs *inputs, const void *bytes, size_t size) {
	append(inputs, bytes, size);
	inputs->good++;
}

void inputs_bad(struct inputs *inputs, const void *bytes, size_t size) {
	append(inputs, bytes, size);
	inputs->bad++;
}

void inputs_make(const struct work *work, uint64_t seed, int fd) {
	static struct inputs made; /* too large for a stack */
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
	file = fd;
	made.end = (sizeof(made) + 63) / 64 * 64;
	work->make(&made, &state);
	/* The head first, so that the file can be mapped and the good ones be called; then once more with their digests. */
	if (pwrite(fd, &made, sizeof(made), 0) != sizeof(made) || ftruncate(fd, (off_t)made.end))
		die("make inputs", "write", errno);
	const struct inputs *mapped = inputs_map(fd);
	for (uint32_t i = 0; i < made.good; i++) {
		struct job job = inputs_job(mapped, work, i);
		work->run(&job);
		if (!job.output)
			die("make inputs: a good one is refused by", work->name, 0);
		made.item[i].output_digest = job_digest(&job);
		free(job.output);
	}
	if (pwrite(fd, &made, sizeof(made), 0) != sizeof(made))
		die("make inputs", "write", errno);
}

const struct inputs *inputs_map(int fd) {
	struct stat st;
	void *mapped = fstat(fd, &st) ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		die("map the inputs", "mmap", errno);
	return mapped;
}

struct job inputs_job(const struct inputs *inputs, const struct work *work, uint32_t item) {
	return (struct job){ .work = work,
		             .input = (const unsigned char *)inputs + inputs->item[item].at,
		             .input_bytes = inputs->item[item].bytes };
}

uint64_t digest(const void *bytes, size_t size) {
	const unsigned char *at = bytes;
	uint64_t sum = size * 0x9e3779b97f4a7c15u;
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		sum = (sum ^ word) * 0x9ddfea08eb382d69u;
		sum ^= sum >> 32;
	}
	while (size-- > 0)
		sum = (sum ^ *at++) * 0x100000001b3u;
	return sum ^ (sum >> 29);
}

uint64_t job_digest(const struct job *job) { return job->output ? digest(job->output, job->output_bytes) : 0; }

uint64_t random_next(uint64_t *state) {
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}
