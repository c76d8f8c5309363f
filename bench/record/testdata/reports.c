/* SPDX-License-Identifier: Apache-2.0 */
/* reports.c - one of each that a case can report, for the test that reads them. */
#include <math.h>

#include "../../harness.h"

int main(void) {
	struct samples own = { 0 }, base = { 0 };
	struct curve curve = { "scale", "Cost \"of\" many", "functions", "ns", true, false };
	for (int i = 1000; i > 0; i--)
		samples_add(&own, i);
	samples_add(&base, 2002);
	line_begin("with_samples", own.count, 10);
	line_samples(&own, "base", &base);
	line_time("p10", percentile(&own, 0.1));
	line_figure("nothing", NAN, "%");
	line_text("back\\slash");
	line_text("tab\t%d", 7);
	line_goal(false, "<=%dns", 5);
	line_begin("rate", 1, 1);
	line_unit("1/s");
	line_samples(&base, NULL, NULL);
	line_end();
	line_begin("without_samples", 3, 1);
	line_time("median", 1500);
	line_base("base", 3000, 1500);
	line_end();
	curve_point(&curve, "ours", 10, &own);
	curve_value(&curve, "floor", 0, -1.5);
	histogram_report("late", "Lateness", "ns", "ours", &own);
	return 0;
}
