#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Prints the path of a Python that has the packages of deps/python.txt: a virtual environment in the cache, made once.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
cache=${TURNPIKE_CACHE:-${HOME:-/root}/.cache/turnpike}
env=$cache/python-$({ cat "$top/deps/python.txt"; python3 -V; } | sha256sum | cut -c1-12)

if [ ! -e "$env/complete" ]; then
	echo "python: making $env (once)" >&2
	mkdir -p "$cache"
	rm -rf "$env"
	python3 -m venv "$env" >&2
	"$env/bin/python" -m pip install --quiet --disable-pip-version-check -r "$top/deps/python.txt" >&2
	touch "$env/complete"
fi
echo "$env/bin/python"
