// SPDX-License-Identifier: Apache-2.0
// libs_many: a thousand isolated functions, each paused inside of libpng, of sqlite3 or of a C++ stream, all of which it
// uses; what their libsets take of memory; and that all complete with the right results.
#include <png.h>
#include <sqlite3.h>
#include <algorithm>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>
#include <sys/wait.h>
#include "libs.h"

namespace {

const int functions = 1000;
const double kib_of_a_libset = 250;
const int side = 16;

using Bytes = std::vector<unsigned char>;
Bytes image;

struct Task {
	linger_t call;
	int number;
	bool measured; // it has used all three libraries, and will now give way inside of one
	uint64_t digest;
};
Task tasks[functions];
uint64_t expected[functions];

// Only the second time around: by then the function has touched what it will touch of each library.
void give_way(Task *t, int where)
{
	if (t && t->measured && t->number % 3 == where)
		inger_pause();
}

struct Reader {
	Task *task;
	size_t at;
};
void read_image(png_structp png, png_bytep bytes, size_t size)
{
	Reader *r = static_cast<Reader *>(png_get_io_ptr(png));
	if (r->at > image.size() / 2)
		give_way(r->task, 0);
	if (size > image.size() - r->at)
		png_error(png, "end of the image");
	std::copy_n(image.begin() + static_cast<long>(r->at), size, bytes);
	r->at += size;
}

uint64_t decode(int number, Task *t)
{
	Reader reader = { t, 0 };
	png_byte row[side * 4];
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
	png_infop info = png_create_info_struct(png);
	uint64_t digest = static_cast<uint64_t>(number);
	if (setjmp(png_jmpbuf(png)) == 0) {
		png_set_read_fn(png, &reader, read_image);
		png_read_info(png, info);
		png_set_filler(png, static_cast<png_uint_32>(number % 256), PNG_FILLER_AFTER);
		png_set_gamma(png, 2.2, 0.45455);
		png_read_update_info(png, info);
		for (int y = 0; y < side; y++) {
			png_read_row(png, row, nullptr);
			digest = libs_digest(digest, row, sizeof row);
		}
		png_read_end(png, nullptr);
	}
	png_destroy_read_struct(&png, &info, nullptr);
	return digest;
}

void slow(sqlite3_context *context, int, sqlite3_value **values)
{
	int value = sqlite3_value_int(values[0]);
	if (value == 5)
		give_way(static_cast<Task *>(sqlite3_user_data(context)), 1);
	sqlite3_result_int(context, value * value);
}
int add_row(void *digest, int columns, char **values, char **)
{
	for (int i = 0; i < columns; i++)
		*static_cast<uint64_t *>(digest) = libs_digest_text(*static_cast<uint64_t *>(digest), values[i]);
	return 0;
}
uint64_t query(int number, Task *t)
{
	sqlite3 *db;
	std::string statements = "create table t(a integer primary key, b text); with recursive n(i) as (select 1 union all "
		"select i + 1 from n where i < 10) insert into t select i, 'row ' || (i * " + std::to_string(number) + " % 7) from n;"
		"select b, sum(slow(a)) s from t group by b order by s, b; select nothing";
	uint64_t digest = static_cast<uint64_t>(sqlite3_open(":memory:", &db));
	sqlite3_create_function(db, "slow", 1, SQLITE_UTF8, t, slow, nullptr, nullptr);
	sqlite3_exec(db, statements.c_str(), add_row, &digest, nullptr);
	digest = libs_digest_text(digest, sqlite3_errmsg(db));
	sqlite3_close(db);
	return digest;
}

struct Collector : std::streambuf {
	Task *task;
	std::string all;
	explicit Collector(Task *task) : task(task) {}
	int_type overflow(int_type c) override
	{
		all += static_cast<char>(c);
		if (all.size() == 3)
			give_way(task, 2);
		return c;
	}
};
uint64_t print(int number, Task *t)
{
	Collector collector(t);
	std::ostream out(&collector);
	out << number * 1234.5 << ' ' << number << std::hex << " 0x" << number << std::endl;
	try {
		std::stoi("no number");
	} catch (const std::exception &error) {
		out << error.what();
	}
	return libs_digest(0, collector.all.data(), collector.all.size());
}

uint64_t all_of_it(int number, Task *t)
{
	return decode(number, t) ^ query(number, t) * 3 ^ print(number, t) * 5;
}

void function(void *arg)
{
	Task *t = static_cast<Task *>(arg);
	t->digest = all_of_it(t->number, t);
	t->measured = true;
	if (all_of_it(t->number, t) != t->digest)
		t->digest = 0;
}

void write_image(png_structp, png_bytep bytes, size_t size) { image.insert(image.end(), bytes, bytes + size); }
void make_image()
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
	png_infop info = png_create_info_struct(png);
	png_byte row[side * 3];
	uint64_t state = 1;
	if (setjmp(png_jmpbuf(png)))
		bail("png");
	png_set_write_fn(png, nullptr, write_image, nullptr);
	png_set_IHDR(png, info, side, side, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		PNG_FILTER_TYPE_DEFAULT);
	png_set_gAMA(png, info, 0.7);
	png_write_info(png, info);
	for (int y = 0; y < side; y++) {
		for (png_byte &value : row)
			value = static_cast<png_byte>(random_next(&state));
		png_write_row(png, row);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
}

// What only this process has: pages of text are not among it once they are mapped twice. And the page tables beside.
long own_kib(const char *path, std::initializer_list<const char *> names)
{
	char line[256];
	long sum = 0, kib;
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		for (const char *name : names)
			if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), " %ld", &kib) == 1)
				sum += kib;
	if (file)
		fclose(file);
	return sum;
}
long private_kib() { return own_kib("/proc/self/smaps_rollup", { "Private_Clean:", "Private_Dirty:" }); }
long tables_kib() { return own_kib("/proc/self/status", { "VmPTE:" }); }

struct Result {
	int paused, error;
	double kib, tables;
};
Result pause_all(uint32_t isolation)
{
	Result r = { 0, 0, 0, 0 };
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	attr.stack_bytes = 256 << 10;
	Task first = { {}, 0, false, 0 };
	first.call = inger_launch_attr(function, TO_COMPLETION, &first, &attr); // fills tables and pools
	cancel(&first.call);
	long before = private_kib(), tables = tables_kib();
	for (int i = 0; i < functions; i++) {
		tasks[i] = { {}, i, false, 0 };
		tasks[i].call = inger_launch_attr(function, TO_COMPLETION, &tasks[i], &attr);
		if (!tasks[i].call.continuation) {
			r.error = tasks[i].call.is_complete ? 0 : errno;
			break;
		}
		r.paused++;
	}
	r.kib = static_cast<double>(private_kib() - before) / (r.paused + !r.paused);
	r.tables = static_cast<double>(tables_kib() - tables) / (r.paused + !r.paused);
	return r;
}

int finish_all(int paused)
{
	int right = 0;
	for (int i = 0; i < paused; i++) {
		bool resumed = finish(&tasks[i].call, TO_COMPLETION) >= 0;
		right += resumed && tasks[i].digest == expected[i];
	}
	return right;
}

// The same with one copy of each library, in a child, so that what it leaves in the heap is not there for us.
Result pause_all_shared(int *right)
{
	int ends[2];
	struct { Result result; int right; } answer = {};
	if (pipe(ends) != 0)
		bail("pipe");
	pid_t child = fork();
	if (child < 0)
		bail("fork");
	if (child == 0) {
		answer.result = pause_all(INGER_SHARED);
		answer.right = finish_all(answer.result.paused);
		_exit(write(ends[1], &answer, sizeof answer) != sizeof answer);
	}
	close(ends[1]);
	if (read(ends[0], &answer, sizeof answer) != sizeof answer)
		answer.result.paused = -1;
	close(ends[0]);
	waitpid(child, nullptr, 0);
	*right = answer.right;
	return answer.result;
}

}

int main()
{
	int right;
	plan(6);
	make_image();
	for (int i = 0; i < functions; i++)
		expected[i] = all_of_it(i, nullptr);
	Result shared = pause_all_shared(&right);
	is_int(shared.paused, functions, "functions on one copy of the libraries, paused at the same time");
	is_int(right, functions, "all of them complete with the right result");

	long mappings = count_mappings();
	Result isolated = pause_all(INGER_ISOLATED);
	mappings = count_mappings() - mappings;
	is_int(isolated.paused, functions, "isolated functions paused inside of libpng, sqlite3 and libstdc++");
	if (isolated.error)
		diag("the next one: %s", strerror(isolated.error));
	diag("private: %.1f KiB each, %.1f of it without a libset; page tables: %.1f and %.1f KiB; %.1f mappings each", isolated.kib,
		shared.kib, isolated.tables, shared.tables, static_cast<double>(mappings) / (isolated.paused + !isolated.paused));
	ok(isolated.kib - shared.kib <= kib_of_a_libset, "a libset takes at most %.0f KiB that are its own (%.1f)", kib_of_a_libset,
		isolated.kib - shared.kib);
	is_int(finish_all(isolated.paused), functions, "all of them complete with the right result");
	is_int(expected[7] == all_of_it(7, nullptr), 1, "the program's own libraries work afterwards");
	return done();
}
