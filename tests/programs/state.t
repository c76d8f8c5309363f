#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# state.t: functions that keep state from call to call, which the torture uses, too: main() must not see it.
. "$(dirname "$0")/lib.sh"

# Each test computes for long between two uses of its state, so that slices end there, and prints what it found.
cat >"$DATA/state.c" <<'EOC'
#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
enum { ROUNDS = 60 };
static unsigned sum = 17;

static void compute(void)
{
	static volatile unsigned x = 1;
	for (int i = 0; i < 60000; i++)
		x = x * 1103515245 + 12345;
}

static void add(const char *text)
{
	for (; text && *text; text++)
		sum = sum * 31 + (unsigned char)*text;
	sum = sum * 31 + 7;
}

static void tokens(void)
{
	char line[400] = "";
	for (int i = 0; i < ROUNDS; i++)
		sprintf(line + strlen(line), "w%d;", i);
	for (char *word = strtok(line, ";"); word; word = strtok(NULL, ";")) {
		compute();
		add(word);
	}
}

static void numbers(void)
{
	char text[20];
	srand(42);
	for (int i = 0; i < ROUNDS; i++) {
		compute();
		sprintf(text, "%d", rand());
		add(text);
	}
}

static void calendar(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		time_t t = 1000000000 + i * 86400000 / 7;
		const struct tm *held = i % 2 ? gmtime(&t) : localtime(&t);
		compute();
		add(asctime(held));
	}
}

static void locales(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		const char *held = setlocale(LC_ALL, i % 3 ? "C" : "C.UTF-8");
		compute();
		add(held ? setlocale(LC_ALL, NULL) : "none");
		add(nl_langinfo(CODESET));
	}
	setlocale(LC_ALL, "C");
	compute();
	add(setlocale(LC_ALL, NULL));
}

static void errors(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		const char *held = strerror(30000 + i);
		compute();
		add(held);
	}
}

static void arguments(void)
{
	char *list[] = {"x", "-abc", "-dvalue", "operand", "-ef", "-d", "other", "--", "-a", NULL};
	char text[40];
	for (int i = 0; i < ROUNDS / 10; i++) {
		int letter;
		optind = 1;
		do {
			compute();
			letter = getopt(9, list, "abcd:ef");
			sprintf(text, "%d %d %d", letter, optind, opterr);
			add(text);
			add(letter == 'd' ? optarg : "");
		} while (letter != -1);
	}
}

/* environ is walked by hand: it must not move, nor change. */
static void environment(void)
{
	char value[20];
	for (int i = 0; i < ROUNDS / 4; i++) {
		for (char **e = environ; *e; e++) {
			for (int n = 0; n < 4; n++)
				compute();
			if (strncmp(*e, "INGER_", 6) != 0 && strncmp(*e, "LD_PRELOAD=", 11) != 0)
				add(*e);
		}
		if (i > 7) {
			sprintf(value, "%d", i);
			setenv("STATE_OF_MAIN", value, 1);
			add(getenv("STATE_OF_MAIN"));
		}
		const char *torture = getenv("INGER_TORTURE");
		add(torture && strcmp(torture, "1") != 0 ? torture : "");
	}
}

/* A program that lays out its environment itself, as shells and perl do: between unmapping the old and setting the new one
 * nobody else can look there. */
static void own_environment(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		char **next = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *text = (char *)(next + 3);
		next[0] = text;
		next[1] = text + sprintf(text, "A=%d", i) + 1;
		strcpy(next[1], "PATH=/bin:/usr/bin");
		if (i)
			munmap(environ, 4096);
		for (int n = 0; n < 4; n++)
			compute();
		environ = next;
		add(getenv("A"));
	}
}

static void users(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct passwd *held = getpwnam(i % 2 ? "daemon" : "nobody");
		compute();
		add(held ? held->pw_name : "none");
		add(held ? held->pw_dir : "none");
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } tests[] = {
		{"strtok", tokens}, {"rand", numbers}, {"localtime", calendar}, {"setlocale", locales}, {"strerror", errors},
		{"getopt", arguments}, {"setenv", environment}, {"environ", own_environment}, {"getpwnam", users},
	};
	for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++)
		if (argc < 2 || strcmp(argv[1], tests[i].name) == 0) {
			tests[i].run();
			printf("%s %u\n", tests[i].name, sum);
		}
	return 0;
}
EOC
gcc -O1 -w -o "$DATA/state" "$DATA/state.c"
cat >"$DATA/limited" <<'EOS'
#!/bin/sh
ulimit -v 1000000
exec "${0%limited}state" "$@"
EOS
chmod +x "$DATA/limited"
cat >"$DATA/state.awk" <<'EOA'
BEGIN {
	srand(7)
	for (i = 0; i < 60000; i++)
		sum = (sum * 31 + int(rand() * 1000)) % 1000003
	print sum
	for (i = 0; i < 20000; i++)
		print strftime("%Y-%m-%d %H:%M:%S", i * 86399)
}
EOA

# disturbed FUNCTION [OPTION...] - whether its test prints something else with the torture in main()'s own libset. The torture's choices
# are random, so one run may be spared.
disturbed() {
	local function=$1 plain run
	shift
	plain=$("$DATA/state" "$function")
	for run in 1 2 3 4 5; do
		[ "$("$INGER" run --slice 50us --torture --isolation shared "$@" -- "$DATA/state" "$function" 2>/dev/null)" = "$plain" ] || return 0
	done
	return 1
}

for function in strtok rand localtime setlocale strerror getopt setenv environ getpwnam; do
	same "$function" -- "$DATA/state" "$function"
done
same 'all in one process' -- "$DATA/state"
same 'awk: srand, rand and strftime' -- awk -f "$DATA/state.awk"
same 'perl: localtime, gmtime, getpwnam, setlocale' -- perl -MPOSIX=setlocale,LC_ALL -e '
	my $s = ""; srand 5;
	for my $i (1 .. 3000) { $s .= join " ", localtime($i * 86399), gmtime($i * 7), int rand 1000, (getpwnam "daemon")[2], setlocale(LC_ALL, "C") }
	print unpack("%32C*", $s), " ", length $s, "\n"; $! = 2; print "$!\n"; print for map { (getpwent)[0] . "\n" } 1 .. 10'
same 'python: time, locale, getopt, pwd' -- /usr/bin/python3 -I -c '
import getopt, locale, os, pwd, time
for i in range(2000):
    t = time.localtime(i * 86399), time.strftime("%c", time.gmtime(i)), locale.setlocale(locale.LC_ALL), pwd.getpwnam("daemon").pw_uid
print(t, os.strerror(12345), len(pwd.getpwall()))
os.environ["STATE"] = "x"; os.unsetenv("STATE"); print(os.system("exit $(echo ${STATE-3})"))'

# What the torture does is no idle threat: in main()'s own libset it shows.
for function in strtok rand localtime setlocale getopt getpwnam; do
	ok "$function: disturbed where main() is not isolated from the torture" disturbed "$function"
done
# A size is not an option that C reads, so that all options are read by Go.
ok 'strtok: the same where the options are read by Go' disturbed strtok --stack 8M --libsets 10000
tool 'no room for a libset is said, and the rest of the torture goes on' 'exit 0' 'strtok [0-9]+' 'libinger: torture without [^'$'\n'']+address space[^'$'\n'']+' \
	-- run --slice 50us --torture -- "$DATA/limited" strtok
finish
