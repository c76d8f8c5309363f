#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# compress.t: compressors, which compute, start threads, and read what they have just written.
. "$(dirname "$0")/lib.sh"

{ seq 1 400000; cat /bin/bash; } | head -c 3000000 >"$DATA/input"
head -c 1000000 "$DATA/input" >"$DATA/small"
gzip -9nc "$DATA/input" >"$DATA/input.gz"
bzip2 -9c "$DATA/input" >"$DATA/input.bz2"
xz -1c "$DATA/input" >"$DATA/input.xz"

same 'gzip -9' -- gzip -9nc "$DATA/input"
same 'gzip -d' -- gzip -dc "$DATA/input.gz"
same 'xz -T2' -- xz -T2 -1 --block-size=500000 -c "$DATA/input"
modes 50us 50us+torture
same 'xz -T2 -d' -- xz -T2 -dc "$DATA/input.xz"
same 'xz, one thread, extreme' -- xz -6ec "$DATA/small"
same 'bzip2' -- bzip2 -9c "$DATA/small"
same 'bzip2 -d' -- bzip2 -dc "$DATA/input.bz2"
same -f 'gzip replaces a file' -- bash -c 'cp "$1" f && gzip -n f && gzip -l f.gz && gzip -d f' - "$DATA/input"
same -s 'exit 1' 'gzip -d refuses a broken file' -- bash -c 'head -c 100000 "$1" | gzip -dc' - "$DATA/input.gz"
same 'compressors in one pipe' -- bash -c 'gzip -c <"$1" | bzip2 -c | xz -1c | xz -dc | bzip2 -dc | gzip -dc | cmp - "$1"' - "$DATA/small"
if command -v zstd >/dev/null; then
	same 'zstd -T2' -- zstd -q -T2 -12 -c "$DATA/input"
	same 'zstd -d' -- bash -c 'zstd -q -c "$1" | zstd -q -dc | cmp - "$1"' - "$DATA/input"
else
	skip 'zstd' 'zstd is not installed'
fi
finish
