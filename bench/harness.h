/* SPDX-License-Identifier: Apache-2.0 */
/* harness.h - clock, samples and report lines of the benchmarks.
 *
 * A case collects two sets of samples in turns (case, base, case, base …), so that a change of the machine's mood
 * meets both, and prints one line: its own figures, the base, the ratio and whether the goal is reached.
 * The driver starts each case in several rounds and reads the same from records (record.h).
 * All times are nanoseconds as double: a batch of a thousand calls gives fractions. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US 1e3
#define NS_PER_MS 1e6
#define NS_PER_S  1e9

/* The compiler may neither drop nor move what surrounds this. */
#define BARRIER() __asm__ volatile("" ::: "memory")

struct samples {
	double *value;
	size_t count, capacity;
	bool sorted;
};

static inline double now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * NS_PER_S + (double)t.tv_nsec;
}

/* die - one line on stderr, exit status 1: what was to be measured could not be. reason 0 is left out. */
_Noreturn void die(const char *what, const char *object, int reason);

void samples_add(struct samples *s, double value);
void samples_free(struct samples *s);
/* percentile - nearest rank; q in [0,1]; 0.5 is the median and 1 the maximum. Sorts on demand. */
double percentile(struct samples *s, double q);
double median(struct samples *s);
size_t count_beyond(const struct samples *s, double limit);
/* less_own_median - subtract a distribution's own median, as a clock that knows its bias would. */
void less_own_median(struct samples *s);

/* A line is begun, gets its fields in order, and ends with or without a verdict. batch: calls behind each sample. */
void line_begin(const char *name, size_t count, size_t batch);
/* line_unit - of what line_samples() gets; "ns", when it is not called, is also written as us, ms and s. */
void line_unit(const char *unit);
/* line_samples - the figures themselves: median, p1, p99, those of the base and the ratio of the medians. base NULL: none.
 * What is reported this way gets an interval in which the variation between rounds and within one has its part. */
void line_samples(struct samples *own, const char *base, struct samples *base_samples);
/* line_time, line_figure - one more number, of which the driver takes the median over rounds. */
void line_time(const char *field, double ns);
void line_figure(const char *field, double value, const char *unit);
/* line_text - words; where rounds do not agree, all that was said. */
void line_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* line_base - for figures of which there are no samples. */
void line_base(const char *base, double base_ns, double own_ns);
/* line_goal - judged in each round, and reached in the end when it was in more than half of them. For one bound on one
 * figure that is the same as comparing the median of the rounds with the bound. */
void line_goal(bool reached, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_end(void);

/* A curve is one figure against a parameter, such as nanoseconds a resume() against paused functions. Its series are what is
 * drawn in one picture: ours, the floor, what it is compared with. */
struct curve {
	const char *name;      /* a word: resume_scale */
	const char *title;     /* what a reader sees above the picture */
	const char *parameter; /* of the x axis, with its unit: "paused functions", "quantum, us" */
	const char *unit;      /* of the y axis: "ns", "bytes", "%", "1/s" */
	bool log_x, log_y;
};

/* curve_point - the median, p1 and p99 of the samples at x; curve_value - a single figure there. */
void curve_point(const struct curve *curve, const char *series, double x, struct samples *samples);
void curve_value(const struct curve *curve, const char *series, double x, double value);

/* histogram_report - the distribution of the samples, as one series of the picture `name`. */
void histogram_report(const char *name, const char *title, const char *unit, const char *series, struct samples *s);

/* in_directory_of_exe - "<directory of this executable>/<relative>" in static storage; the next call overwrites it. */
const char *in_directory_of_exe(const char *relative);

#endif
