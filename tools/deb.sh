#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the Debian packages of this tree into build/deb: turnpike, turnpike-perf and their debug symbols, and has lintian look at them.
# The sources are copied first, so that nothing is written into the tree. The version is meson's; debian/changelog must begin with it.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD out=$PWD/build/deb
version=$(sed -n "s/^[[:space:]]*version: '\([^']*\)',$/\1/p" meson.build)
found=$(dpkg-parsechangelog -S Version)
if [ "$found" != "$version" ]; then
	echo "deb: debian/changelog begins with version $found, expected $version as in meson.build; add an entry" >&2
	exit 1
fi

# What the packages are made of. Nothing is built where that is as it was.
sources() { git ls-files -co --exclude-standard -z -- ':!tests/smoke' ':!tests/fuzz' ':!tests/vectors' ':!tests/vm' ':!ansible' ':!.ci' | while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done; }
state=$(sources | xargs -0 sha256sum | sha256sum)
if [ -e "$out/state" ] && [ "$(cat "$out/state")" = "$state" ]; then
	echo "deb: build/deb is up to date"
	exit 0
fi

mkdir -p "$out"
rm -f "$out/state"
rm -rf "$out"/src "$out"/*.deb "$out"/*.buildinfo "$out"/*.changes
mkdir "$out/src"
sources | tar -c --null -T - | tar -x -C "$out/src"
cd "$out/src"
echo "deb: building turnpike $version, log in build/deb/build.log"
if ! DEB_BUILD_OPTIONS="parallel=${JOBS:-$(nproc)} ${DEB_BUILD_OPTIONS:-}" dpkg-buildpackage -us -uc -b >"$out/build.log" 2>&1; then
	tail -n 40 "$out/build.log" >&2
	exit 1
fi
cd "$top"
rm -rf "$out/src"
echo "deb: lintian"
lintian --fail-on error,warning --allow-root "$out"/turnpike_"$version"_*.changes
ls -l "$out"/*.deb | awk '{ print "deb: " $9 ", " $5 " octets" }'
echo "$state" >"$out/state"
