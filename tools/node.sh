#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Prints the folder of JavaScript packages (NODE_PATH) with what deps/mqtt.js names, fetched into the cache once, at the versions and hashes of its
# lock file. Exit status 77: no npm here, or the registry could not be reached.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
cache=${TURNPIKE_CACHE:-${HOME:-/root}/.cache/turnpike}
folder=$cache/node-$(cat "$top"/deps/mqtt.js/*.json | sha256sum | cut -c1-12)

give_up() {
	echo "node: $*" >&2
	exit 77
}

fetch() {
	local part
	command -v node >/dev/null && command -v npm >/dev/null || give_up "'node' or 'npm' is not installed: make deps"
	echo "node: fetching MQTT.js into $folder (about 13 MB, once)" >&2
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/part.XXXXXX")
	cp "$top"/deps/mqtt.js/*.json "$part"
	if ! (cd "$part" && npm ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1); then
		tail -n 5 "$part/npm.log" >&2
		rm -rf "$part"
		give_up "MQTT.js could not be fetched"
	fi
	touch "$part/complete"
	rm -rf "$folder"
	mv "$part" "$folder"
}

[ -e "$folder/complete" ] || fetch
echo "$folder/node_modules"
