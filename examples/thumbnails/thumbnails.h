/* SPDX-License-Identifier: Apache-2.0 */
/* thumbnails.h - what the parts of the thumbnails demo share.
 *
 * One file is one job. The job owns whatever has to outlive a decode that is given up: the file's bytes, the thumbnail and
 * the scaler's sums belong to the caller of launch(). What a decode makes itself is its own, and goes with it. */
#ifndef THUMBNAILS_H
#define THUMBNAILS_H

#include <inger.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* More pixels than this are not kept in memory, and no larger file is read. What is decoded row by row has no such limit:
 * that is what the time budget is for. */
#define MAX_PIXEL_BYTES ((uint64_t)1 << 30)
#define MAX_FILE_BYTES ((uint64_t)256 << 20)

/* Paused decodes keep their memory. Beyond this sum they are settled before further files are started. */
#define MAX_HELD_BYTES ((uint64_t)512 << 20)

enum format { FORMAT_UNKNOWN, FORMAT_PNG, FORMAT_JPEG };

enum outcome {
	OUTCOME_PENDING,  /* not started, or paused */
	OUTCOME_DONE,     /* within the first budget */
	OUTCOME_RESUMED,  /* within the second */
	OUTCOME_GIVEN_UP, /* in neither: cancelled */
	OUTCOME_ERROR,    /* not an image that can be shown; see job.error */
};

/* struct scaler - reduces an image row by row to a thumbnail, by averaging the pixels that fall together. */
struct scaler {
	uint32_t src_width, src_height;
	uint32_t out_width, out_height;
	uint32_t src_row, out_row; /* the next ones */
	uint64_t *sums;            /* 4 per thumbnail column: red, green, blue weighted by alpha; alpha */
	uint8_t *out;              /* RGB, out_width * 3 bytes a row */
};

struct job {
	char *path;
	const char *name; /* the end of path */
	enum format format;
	uint8_t *data;
	size_t size;
	uint32_t tile;          /* longest side of a thumbnail */
	uint32_t width, height; /* of the image in the file */
	struct scaler scaler; /* holds the thumbnail when the decode is complete */
	volatile uint64_t pixel_bytes; /* what the decoder holds beside that, for MAX_HELD_BYTES */
	volatile bool failed;
	char error[160];
	linger_t call;
	enum outcome outcome;
	uint64_t time_us; /* in launch() and resume() together */
	unsigned slices;
};

struct settings {
	uint64_t budget_us;  /* of the first slice; TO_COMPLETION for "none" */
	uint64_t again_us;   /* of the second */
	uint32_t tile;
	uint32_t columns;
	const char *out;
};

/* scale.c */
bool scaler_allocate(struct scaler *scaler, uint32_t tile);
void scaler_release(struct scaler *scaler);
void scaler_begin(struct scaler *scaler, uint32_t tile, uint32_t src_width, uint32_t src_height);
void scaler_row(struct scaler *scaler, const uint8_t *rgba);

/* decode_png.c, decode_jpeg.c: the preemptible functions. They set job.failed and job.error, and return. */
void decode_png(void *job);
void decode_jpeg(void *job);

/* job.c */
struct job_list {
	struct job *jobs;
	size_t count, left_out; /* left_out: files whose names are not those of images */
};
bool job_list_add(struct job_list *list, const char *path, const struct settings *settings);
void job_start(struct job *job, const struct settings *settings);
void job_settle(struct job *job, const struct settings *settings);
void job_release(struct job *job);
bool job_is_paused(const struct job *job);
uint64_t job_held_bytes(const struct job *job);
__attribute__((format(printf, 2, 3))) void job_fail(struct job *job, const char *format, ...);

/* sheet.c: 0, or -1 with the reason in errno. */
int sheet_write(const struct job_list *list, const struct settings *settings);

/* report.c */
void report_progress(const struct job_list *list, size_t at, const char *verb);
void report_progress_end(void);
void report_table(const struct job_list *list);
void report_summary(const struct job_list *list, const struct settings *settings);

#endif
