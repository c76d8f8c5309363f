/* SPDX-License-Identifier: Apache-2.0 */
/* thumbnails: a contact sheet of PNG and JPEG files, with a time budget for each decode.
 *
 * Every decode is an unmodified call of libpng or libjpeg made through launch(). What exceeds its budget is paused, and the
 * other files go on; at the end each paused decode is resumed once, and then given up. */
#include "thumbnails.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char usage[] =
	"usage: thumbnails [options] FOLDER|FILE...\n"
	"  --budget TIME   for each decode at first: 500us, 50ms, 2s or none (default 100ms)\n"
	"  --again TIME    for each paused decode when it is resumed (default: as --budget)\n"
	"  --out FILE      the contact sheet, a PNG (default contact.png)\n"
	"  --columns N     thumbnails in a row, 1 to 100 (default 5)\n"
	"  --tile N        longest side of a thumbnail in pixels, 16 to 1024 (default 160)\n"
	"exit status: 0, also when files are broken or given up; 1 failure; 2 wrong usage\n";

static bool parse_number(const char *text, uint64_t least, uint64_t most, const char **end, uint64_t *number)
{
	char *stop;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0 && *number >= least && *number <= most;
}

static bool parse_time(const char *text, uint64_t *time_us)
{
	static const struct { const char *unit; uint64_t us; } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
	const char *unit;
	if (strcmp(text, "none") == 0) {
		*time_us = TO_COMPLETION;
		return true;
	}
	if (!parse_number(text, 1, 1000000000, &unit, time_us))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(unit, units[i].unit) == 0) {
			*time_us *= units[i].us;
			return true;
		}
	return false;
}

static bool parse_count(const char *text, uint32_t least, uint32_t most, uint32_t *count)
{
	const char *end;
	uint64_t number;
	if (!parse_number(text, least, most, &end, &number) || *end)
		return false;
	*count = (uint32_t)number;
	return true;
}

/* Returns the index of the first argument that is no option, or exits. */
static int parse_options(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"budget", required_argument, NULL, 'b'}, {"again", required_argument, NULL, 'a'},
		{"out", required_argument, NULL, 'o'},    {"columns", required_argument, NULL, 'c'},
		{"tile", required_argument, NULL, 't'},   {"help", no_argument, NULL, 'h'},
		{0},
	};
	bool good = true;
	int option;
	*settings = (struct settings){.budget_us = 100000, .tile = 160, .columns = 5, .out = "contact.png"};
	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b': good = parse_time(optarg, &settings->budget_us); break;
		case 'a': good = parse_time(optarg, &settings->again_us); break;
		case 'c': good = parse_count(optarg, 1, 100, &settings->columns); break;
		case 't': good = parse_count(optarg, 16, 1024, &settings->tile); break;
		case 'o': settings->out = optarg; break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
		if (!good)
			fprintf(stderr, "thumbnails: bad value: %s: not what this option takes\n", optarg);
	}
	if (!good || optind == argc) {
		fputs(usage, stderr);
		exit(2);
	}
	if (settings->again_us == 0)
		settings->again_us = settings->budget_us;
	return optind;
}

static int fail(const char *what, const char *object, int error)
{
	fprintf(stderr, "thumbnails: %s: %s: %s\n", what, object, strerror(error));
	return -1;
}

/* For scandir(); not ".", ".." and hidden files. */
static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool has_image_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct job_list *list, const char *folder, const struct settings *settings)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, by_bytes), result = 0;
	if (count < 0)
		return fail("cannot read folder", folder, errno);
	for (int i = 0; i < count; i++) {
		char *path = NULL;
		if (!has_image_name(entries[i]->d_name))
			list->left_out++;
		else if (result == 0 && (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0 ||
					 !job_list_add(list, path, settings)))
			result = fail("cannot list", folder, ENOMEM);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int add_argument(struct job_list *list, const char *path, const struct settings *settings)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return fail("cannot read", path, errno);
	if (S_ISDIR(st.st_mode))
		return add_folder(list, path, settings);
	return job_list_add(list, path, settings) ? 0 : fail("cannot list", path, ENOMEM);
}

/* A contact sheet is never written over a picture. */
static int check_out(const struct job_list *list, const char *out)
{
	struct stat sheet, st;
	if (stat(out, &sheet) != 0)
		return 0;
	for (size_t i = 0; i < list->count; i++)
		if (stat(list->jobs[i].path, &st) == 0 && st.st_dev == sheet.st_dev && st.st_ino == sheet.st_ino) {
			fprintf(stderr, "thumbnails: cannot write contact sheet: %s: it is one of the pictures; choose another with --out\n",
				out);
			return -1;
		}
	return 0;
}

static void settle_paused(struct job_list *list, size_t end, const struct settings *settings)
{
	for (size_t i = 0; i < end; i++)
		if (job_is_paused(list->jobs + i)) {
			report_progress(list, i, "resuming");
			job_settle(list->jobs + i, settings);
		}
}

static void decode_all(struct job_list *list, const struct settings *settings)
{
	uint64_t held = 0;
	for (size_t i = 0; i < list->count; i++) {
		report_progress(list, i, "decoding");
		job_start(list->jobs + i, settings);
		held += job_held_bytes(list->jobs + i);
		if (held > MAX_HELD_BYTES) {
			settle_paused(list, i + 1, settings);
			held = 0;
		}
	}
	settle_paused(list, list->count, settings);
	report_progress_end();
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct job_list list = {0};
	for (int i = parse_options(argc, argv, &settings); i < argc; i++)
		if (add_argument(&list, argv[i], &settings) != 0)
			return 1;
	if (list.count == 0) {
		fprintf(stderr, "thumbnails: nothing to do: %s: no file named .png, .jpg or .jpeg\n", argv[argc - 1]);
		return 1;
	}
	if (check_out(&list, settings.out) != 0)
		return 1;
	decode_all(&list, &settings);
	report_table(&list);
	if (sheet_write(&list, &settings) != 0) {
		fail("cannot write contact sheet", settings.out, errno);
		return 1;
	}
	report_summary(&list, &settings);
	for (size_t i = 0; i < list.count; i++)
		job_release(list.jobs + i);
	free(list.jobs);
	if (fflush(stdout) != 0) {
		fail("cannot write", "standard output", errno);
		return 1;
	}
	return 0;
}
