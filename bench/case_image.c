/* SPDX-License-Identifier: Apache-2.0 */
/* case_image.c - a runaway image decode: how long from its budget to control, and to everything released. Over the size of
 * the image, whose pixels are one block; and over the budget, since what has been written until then is what has to be
 * given back. Beside it a child that is killed. */
#include <stdio.h>

#include "cases.h"
#include "child.h"
#include "instead/image.h"

enum { MAX_COUNT = 64 };

static const struct curve by_size = {
	.name = "cancel_image_size", .title = "A runaway image decode, cancelled after 2 ms: after its budget",
	.parameter = "pixels a side", .unit = "ns", .log_x = true, .log_y = true,
};
static const struct curve by_budget = {
	.name = "cancel_image_budget", .title = "A decode of 20,000 x 20,000 pixels, cancelled: after its budget",
	.parameter = "budget, us", .unit = "ns", .log_x = true, .log_y = true,
};
static const struct curve resident = {
	.name = "cancel_image_resident", .title = "What that decode has made resident when it is cancelled",
	.parameter = "budget, us", .unit = "bytes", .log_x = true, .log_y = true,
};

/* Series of a curve, and where in a row of numbers they are. */
static const struct series {
	const char *name;
	int shared, value;
} series[] = {
	{ "isolated_control", 0, IMAGE_CONTROL },   { "isolated_released", 0, IMAGE_RELEASED },
	{ "isolated_inger_call", 0, IMAGE_CALL },   { "isolated_other_threads", 0, IMAGE_BACKGROUND },
	{ "shared_control", 1, IMAGE_CONTROL },     { "shared_released", 1, IMAGE_RELEASED },
	{ "shared_inger_call", 1, IMAGE_CALL },
};
enum { SERIES = sizeof(series) / sizeof(*series) };

static void point(const struct curve *curve, double x, unsigned size, unsigned budget_us, unsigned count) {
	static double inger[MAX_COUNT][2][IMAGE_VALUES], fork[MAX_COUNT][IMAGE_FORK_VALUES];
	struct samples own[SERIES] = { 0 }, killed[IMAGE_FORK_VALUES] = { 0 }, bytes = { 0 };
	char request[32], number[16];
	snprintf(request, sizeof(request), "%u/%u", size, budget_us);
	snprintf(number, sizeof(number), "%u", count);
	child_run("image_inger", request, number, &inger[0][0][0], (size_t)count * 2 * IMAGE_VALUES);
	child_run("image_fork", request, number, &fork[0][0], (size_t)count * IMAGE_FORK_VALUES);
	for (unsigned i = 0; i < count; i++) {
		for (int s = 0; s < SERIES; s++)
			samples_add(&own[s], inger[i][series[s].shared][series[s].value]);
		for (int v = 0; v < IMAGE_FORK_VALUES; v++)
			samples_add(&killed[v], fork[i][v]);
		samples_add(&bytes, inger[i][0][IMAGE_RESIDENT]);
	}
	for (int s = 0; s < SERIES; s++) {
		curve_point(curve, series[s].name, x, &own[s]);
		samples_free(&own[s]);
	}
	curve_point(curve, "fork_control", x, &killed[IMAGE_FORK_CONTROL]);
	curve_point(curve, "fork_kill_wait", x, &killed[IMAGE_FORK_RELEASED]);
	if (curve == &by_budget)
		curve_point(&resident, "isolated", x, &bytes);
	for (int v = 0; v < IMAGE_FORK_VALUES; v++)
		samples_free(&killed[v]);
	samples_free(&bytes);
}

void bench_cancel_image(const struct plan *plan) {
	static const unsigned sizes[] = { 1000, 2000, 5000, 10000, 20000 }, budgets[] = { 500, 2000, 8000, 32000, 128000 };
	unsigned count = plan->quick ? 4 : 20;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		point(&by_size, sizes[i], sizes[i], 2000, count);
	for (size_t i = 0; i < sizeof(budgets) / sizeof(*budgets); i++)
		point(&by_budget, budgets[i], 20000, budgets[i], budgets[i] > 20000 ? (count + 3) / 4 : count);
}
