#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo.t: the examples end to end. The bomb's decode takes several times both its budgets, and a good image's a small part of
# one, so that neither a fast machine nor a busy one changes an outcome.
build=${BUILD:-build}
examples=$build/examples
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
ran=0 failed=0

ok() { # ok STATUS NAME
	ran=$((ran + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $ran - $2"
	else
		failed=$((failed + 1))
		echo "not ok $ran - $2"
		[ -s "$folder/out" ] && sed 's/^/# /' "$folder/out" "$folder/err"
	fi
}

# thumbnails ARGS: fills $folder/out and $folder/err; a hang ends as status 124.
thumbnails() {
	timeout -k 5 60 "$examples/thumbnails" "$@" >"$folder/out" 2>"$folder/err"
}

# row PATTERN...: the table has one row for each pattern.
row() {
	local pattern
	for pattern; do
		[ "$(grep -Ec "$pattern" "$folder/out")" -eq 1 ] || { echo "# no row: $pattern"; return 1; }
	done
}

for program in hello server thumbnails mkimages; do
	[ -x "$examples/$program" ] || { echo "Bail out! $examples/$program is not built"; exit 1; }
done

timeout -k 5 60 "$examples/hello" >"$folder/out" 2>"$folder/err"
ok $? "hello ends by itself"
set -- $(tr -dc '0-9\n' <"$folder/out")
[ $# -eq 3 ] && [ "$1" -gt 0 ] && [ "$2" -gt "$1" ] && [ "$3" -eq "$2" ]
ok $? "hello's function runs on when it is resumed, and not after it is given up"

# Half a second each for what takes years, and for what takes microseconds on a machine that is doing something else.
slow='(.*)(.*)(.*)(.*)(.*)\1\2\3\4\5x aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
printf '%s\n' 'a+b caaab' "$slow" '^(a+)+c aaab' "$slow" 'a(b c' 'aaab' 'a+b caaab' |
	LC_ALL=C timeout -k 5 60 "$examples/server" 500000 >"$folder/out" 2>"$folder/err"
ok $? "the server outlives patterns that take years"
printf '%s\n' match 'gave up' 'No match' 'gave up' 'Unmatched ( or \(' 'a request is PATTERN TEXT' match | cmp - "$folder/out"
ok $? "it gives these up, and answers the requests between them"
grep -qx 'server: 4 answered, 2 given up' "$folder/err"
ok $? "and has counted them"

"$examples/mkimages" -bomb 20000 "$folder/images"
ok $? "mkimages makes the demo's folder"
thumbnails --budget 100ms --again 200ms --out "$folder/contact.png" "$folder/images"
ok $? "a folder with a bomb and broken files is no failure"
row '^20-bomb.png .* 2  given up after [0-9.]+ ms$'
ok $? "the bomb is resumed once and given up"
row '^0[1-9].*done( after resume)? 1x1$' '^01-.*done.* 800x600$' '^02-.*done.* 640x640$' '^03-.*done.* 500x400$' \
	'^04-.*done.* 600x450$' '^05-.*done.* 480x640$' '^07-.*done.* 1200x20$'
ok $? "PNG files of every colour type are done"
row '^08-.*done.* 1024x768$' '^09-.*done.* 700x500$' '^10-.*done.* 480x360$' '^11-.*done.* 300x900$'
ok $? "JPEG files in colour, gray and CMYK are done"
row '^30-.*error: file is truncated$' '^31-.*error: file is truncated$' '^32-.*error: neither PNG nor JPEG$' \
	'^33-.*error: file is empty$' '^34-.*error: interlaced 900000 x 900000 .*$'
ok $? "broken files are a row each, with the reason"
[ ! -s "$folder/err" ]
ok $? "no progress bar where there is no terminal"
thumbnails --budget none --out "$folder/again.png" "$folder/contact.png" && row '^contact.png .*done 848x680$'
ok $? "the contact sheet is a PNG of 5 x 4 tiles"

# The thumbnails' bytes do not depend on where a decode was paused.
rm "$folder/images/20-bomb.png"
thumbnails --budget none --out "$folder/whole.png" "$folder/images" && ! grep -q "done after resume [0-9]" "$folder/out"
ok $? "without a budget nothing is paused"
thumbnails --budget 200us --again none --out "$folder/paused.png" "$folder/images" && grep -q "done after resume [0-9]" "$folder/out"
ok $? "a budget of 200us pauses some of them"
cmp "$folder/whole.png" "$folder/paused.png" >>"$folder/err"
ok $? "paused and resumed decodes give the same thumbnails"

mkdir "$folder/odd" "$folder/odd/folder.png"
mkfifo "$folder/odd/fifo.jpg"
ln -s nowhere "$folder/odd/link.png"
touch "$folder/odd/notes.txt"
thumbnails --out "$folder/odd.png" "$folder/odd" &&
	row '^folder.png .*not a regular file$' '^fifo.jpg .*not a regular file$' '^link.png .*No such file' '; 1 left out '
ok $? "what is no readable file is a row, what is not named as an image is left out"
cp "$folder/contact.png" "$folder/images/mine.png"
! thumbnails --out "$folder/images/mine.png" "$folder/images" && cmp -s "$folder/contact.png" "$folder/images/mine.png"
ok $? "a picture is not overwritten by the contact sheet"
thumbnails --budget 5m "$folder/images"
[ $? -eq 2 ]
ok $? "a bad budget is wrong usage"

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	bar="timeout 60 '$examples/thumbnails' --out '$folder/bar.png' '$folder/images' >'$folder/out'"
	TERM=xterm NO_COLOR= script -qec "$bar" /dev/null </dev/null >"$folder/err" && grep -q $'\e\[32m#.*decoding' "$folder/err"
	ok $? "a terminal gets a progress bar"
	TERM=xterm NO_COLOR=1 script -qec "$bar" /dev/null </dev/null >"$folder/err" &&
		grep -q '\[#.*decoding' "$folder/err" && ! grep -q $'\e\[32m' "$folder/err"
	ok $? "NO_COLOR takes its colour away"
else
	for name in "a terminal gets a progress bar" "NO_COLOR takes its colour away"; do
		ran=$((ran + 1))
		echo "ok $ran - $name # SKIP script(1) finds no pseudo-terminal"
	done
fi
echo "1..$ran"
[ "$failed" -eq 0 ]
