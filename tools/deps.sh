#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs the packages of deps/debian12.txt that are missing, for the groups named: tools/deps.sh build test ...
# `all` is every group but ssh, which opens a server. Says what it installs before it does, and with `all` also when there is nothing to do.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)

wanted() {
	local package group
	while read -r package group; do
		case $package in '' | '#'*) continue ;; esac
		case " $* " in *" $group "*) echo "$package" ;; *" all "*) [ "$group" = ssh ] || echo "$package" ;; esac
	done <"$top/deps/debian12.txt"
}

# Installed itself, or by another package that stands in for it (a nodejs that brings its npm along conflicts with Debian's).
installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
		dpkg-query -W -f '${db:Status-Status}, ${Provides},\n' | grep -E "^installed,.* $1[ ,]" >/dev/null
}

missing() {
	local package
	for package in $(wanted "$@" | sort -u); do
		installed "$package" || echo "$package"
	done
}

if ! command -v dpkg-query >/dev/null; then
	echo "deps: not a Debian system, nothing installed; turnpike needs what deps/debian12.txt names" >&2
	exit 0
fi
list=$(missing "$@" | tr '\n' ' ')
if [ -z "$list" ]; then
	[ "$*" != all ] || echo "deps: everything is installed"
	exit 0
fi
echo "deps: installing with apt: $list"
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: needs root: su -c 'apt-get install $list'" >&2
		exit 1
	fi
	as_root=sudo
fi
$as_root apt-get -q update
# shellcheck disable=SC2086 # a list of packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $list
