#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# build.t: compilers, make and git: many short processes, temporary files, vfork, pipes between jobs.
. "$(dirname "$0")/lib.sh"

cat >"$DATA/squares.c" <<'EOF'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *left, *right; long key; };
static struct node *add(struct node *n, long key)
{
	if (!n) {
		n = calloc(1, sizeof *n);
		n->key = key;
	} else if (key < n->key)
		n->left = add(n->left, key);
	else
		n->right = add(n->right, key);
	return n;
}
static double sum(const struct node *n) { return n ? sum(n->left) + sqrt((double)n->key) + sum(n->right) : 0; }
int main(void)
{
	struct node *root = NULL;
	unsigned x = 1;
	for (int i = 0; i < 150000; i++)
		root = add(root, x = x * 1103515245 + 12345);
	char text[64];
	snprintf(text, sizeof text, "%.6f", sum(root));
	puts(text);
	return (int)strlen(text);
}
EOF
cat >"$DATA/throws.cc" <<'EOF'
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
struct Guard { int &n; explicit Guard(int &n) : n(n) { ++n; } ~Guard() { --n; } };
static int dive(int depth, int &alive)
{
	Guard guard(alive);
	if (depth == 0) throw std::out_of_range("bottom");
	return dive(depth - 1, alive) + 1;
}
thread_local int caught;
int main()
{
	int alive = 0;
	for (int i = 0; i < 20000; i++) {
		try { dive(i % 20, alive); } catch (const std::exception &e) { caught += e.what()[0] == 'b'; }
	}
	std::map<std::string, int> words;
	for (int i = 0; i < 100000; i++) { std::ostringstream s; s << "w" << i % 997; words[s.str()] += i; }
	std::vector<std::thread> threads;
	std::vector<int> counts(4);
	for (int t = 0; t < 4; t++)
		threads.emplace_back([t, &counts] {
			int own = 0;
			for (int i = 0; i < 3000; i++) { try { dive(i % 9, own); } catch (...) { caught++; } }
			counts[t] = caught + own;
		});
	for (auto &t : threads) t.join();
	std::cout << caught << ' ' << alive << ' ' << words.size() << ' ' << words["w7"];
	for (int c : counts) std::cout << ' ' << c;
	std::cout << std::endl;
	throw std::runtime_error("nobody catches this");
}
EOF
gcc -O1 -o "$DATA/squares" "$DATA/squares.c" -lm
g++ -O1 -o "$DATA/throws" "$DATA/throws.cc" -pthread
mkdir "$DATA/tree"
for i in {1..8}; do
	printf '#include <stdio.h>\nint part%d(int x) { return printf("part %%d\\n", x) + %d; }\n' "$i" "$i" >"$DATA/tree/part$i.c"
done
{
	for i in {1..8}; do echo "int part$i(int);"; done
	echo 'int main(void) { int n = 0;'
	for i in {1..8}; do echo "n += part$i($i);"; done
	echo 'return n; }'
} >"$DATA/tree/main.c"
printf 'parts := $(patsubst %%.c,%%.o,$(sort $(wildcard *.c)))\nprogram: $(parts)\n\t@gcc -o $@ $^\n%%.o: %%.c\n\t@gcc -c -o $@ $<\n' >"$DATA/tree/Makefile"
export DATA

same -s 'exit 17' 'a compiled program: malloc, recursion, floating point' -- "$DATA/squares"
same -s 'signal 6*' 'a compiled program: C++ exceptions, also one that nobody catches' -- "$DATA/throws"
modes 50us 50us+torture
same -f 'gcc compiles a C file' -- gcc -O2 -Wall -c -o squares.o "$DATA/squares.c"
same -s 'exit 17' 'gcc compiles and links a program that then runs' -- bash -c 'gcc -O1 -pipe -o p "$DATA/squares.c" -lm && exec ./p'
same -s 'exit 1' 'gcc reports an error' -- bash -c 'echo "int main(void) { return nothing; }" >e.c; gcc -c e.c'
same 'make -j2' -- bash -c 'cp -r "$DATA/tree/." .; make -s -j2; ./program; echo $?; make -q; echo $?; touch -d "+1 hour" part3.c; make -n -j2 2>&1 | sed "s:[0-9.]* s in the future:in the future:"'
same -s 'exit 2' 'make -j2 -k with a rule that fails' -- bash -c 'printf "all: a b\na:\n\t@sleep 0.1; echo a\nb:\n\t@exit 3\n" >Makefile; make -s -j2 -k 2>/dev/null'
same 'ar, nm and strip' -- bash -c 'for i in 1 2 3; do gcc -c "$DATA/tree/part$i.c"; done; ar rcsD l.a part*.o; nm l.a; gcc -o p "$DATA/squares.c" -lm; strip p; md5sum p l.a'
modes 50us
limit 120
same 'g++ compiles a program that throws' -- bash -c 'g++ -O0 -o p "$DATA/throws.cc" -pthread; ./p 2>/dev/null | cat'

modes 50us 50us+torture
limit 60
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE='2020-02-02T02:02:02Z' GIT_COMMITTER_DATE='2020-02-02T02:02:02Z' GIT_PAGER=cat
same 'git: init, add, commit, branch, merge, log, diff, clone, gc, fsck' -- bash -c '
	exec 2>&1
	git init -q -b main r && cd r && cp -r "$DATA/tree" . && seq 1 20000 >numbers && git add . && git commit -qm one
	git checkout -q -b side && sed -i 5d numbers && git commit -qam two && git checkout -q main && sed -i 9000d numbers &&
	git commit -qam three && git merge -q -m merged side && git log --oneline --graph --stat && git diff HEAD~1 --shortstat
	git blame -s -L 1,3 numbers; git grep -c part; git gc -q; git fsck --full --no-progress; cd ..
	git clone -q r c && git -C c rev-parse HEAD && git -C c status --porcelain | wc -l'
finish
