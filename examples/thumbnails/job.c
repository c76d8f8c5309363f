/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - one file: read it, launch its decode with a budget, resume it once, give it up. */
#include "thumbnails.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void job_fail(struct job *job, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(job->error, sizeof job->error, format, args);
	va_end(args);
	job->failed = true;
}

bool job_list_add(struct job_list *list, const char *path, const struct settings *settings)
{
	struct job *jobs = realloc(list->jobs, (list->count + 1) * sizeof *jobs);
	if (!jobs)
		return false;
	list->jobs = jobs;
	struct job *job = jobs + list->count;
	memset(job, 0, sizeof *job);
	job->path = strdup(path);
	if (!job->path)
		return false;
	const char *slash = strrchr(job->path, '/');
	job->name = slash && slash[1] ? slash + 1 : job->path;
	job->tile = settings->tile;
	list->count++;
	return true;
}

/* Fills data and size. O_NONBLOCK: a FIFO among the pictures must not wait for a writer. */
static bool read_file(struct job *job)
{
	struct stat st;
	int fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		job_fail(job, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		job_fail(job, "not a regular file");
	} else if (st.st_size == 0) {
		job_fail(job, "file is empty");
	} else if ((uint64_t)st.st_size > MAX_FILE_BYTES) {
		job_fail(job, "larger than 256 MiB");
	} else if (!(job->data = malloc((size_t)st.st_size))) {
		job_fail(job, "%s", strerror(errno));
	} else {
		ssize_t got = 0;
		while (job->size < (size_t)st.st_size) {
			got = read(fd, job->data + job->size, (size_t)st.st_size - job->size);
			if (got <= 0)
				break;
			job->size += (size_t)got;
		}
		if (got < 0)
			job_fail(job, "%s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return !job->failed;
}

/* By content: names lie. */
static enum format recognize(const struct job *job)
{
	static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[] = {0xff, 0xd8, 0xff};
	if (job->size >= sizeof png && memcmp(job->data, png, sizeof png) == 0)
		return FORMAT_PNG;
	if (job->size >= sizeof jpeg && memcmp(job->data, jpeg, sizeof jpeg) == 0)
		return FORMAT_JPEG;
	return FORMAT_UNKNOWN;
}

static bool prepare(struct job *job)
{
	if (!read_file(job))
		return false;
	job->format = recognize(job);
	if (job->format == FORMAT_UNKNOWN) {
		job_fail(job, "neither PNG nor JPEG");
		return false;
	}
	if (!scaler_allocate(&job->scaler, job->tile)) {
		job_fail(job, "%s", strerror(ENOMEM));
		return false;
	}
	return true;
}

static uint64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool job_is_paused(const struct job *job)
{
	return job->outcome == OUTCOME_PENDING && job->call.continuation;
}

/* Frees what a job that has its outcome no longer needs; the thumbnail stays. */
static void finish(struct job *job, enum outcome outcome)
{
	job->outcome = outcome;
	free(job->data);
	job->data = NULL;
	job->pixel_bytes = 0;
}

void job_start(struct job *job, const struct settings *settings)
{
	if (!prepare(job)) {
		finish(job, OUTCOME_ERROR);
		return;
	}
	uint64_t before = now_us();
	job->call = launch(job->format == FORMAT_PNG ? decode_png : decode_jpeg, settings->budget_us, job);
	int error = errno;
	job->time_us = now_us() - before;
	job->slices = 1;
	if (job->call.is_complete) {
		finish(job, job->failed ? OUTCOME_ERROR : OUTCOME_DONE);
	} else if (!job->call.continuation) {
		job_fail(job, "launch: %s", strerror(error));
		finish(job, OUTCOME_ERROR);
	}
}

void job_settle(struct job *job, const struct settings *settings)
{
	uint64_t before = now_us();
	if (resume(&job->call, settings->again_us) != 0)
		job_fail(job, "resume: %s", strerror(errno));
	job->time_us += now_us() - before;
	job->slices++;
	if (job->call.is_complete) {
		finish(job, job->failed ? OUTCOME_ERROR : OUTCOME_RESUMED);
		return;
	}
	if (cancel(&job->call) != 0 && !job->failed)
		job_fail(job, "cancel: %s", strerror(errno));
	finish(job, job->failed ? OUTCOME_ERROR : OUTCOME_GIVEN_UP);
}

uint64_t job_held_bytes(const struct job *job)
{
	return job_is_paused(job) ? job->size + job->pixel_bytes : 0;
}

void job_release(struct job *job)
{
	scaler_release(&job->scaler);
	free(job->path);
}
