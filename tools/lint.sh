#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What machines can say about the text of the project: tools/lint.sh checks, tools/lint.sh format rewrites the C files.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
status=0

files() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

step() { # name, command...
	local name=$1
	shift
	if "$@"; then
		echo "lint: $name: ok"
	else
		echo "lint: $name: FAILED"
		status=1
	fi
}

check_format() { files '*.c' '*.h' | xargs clang-format --dry-run --Werror; }

check_cppcheck() {
	files 'dataplane/*.c' 'control/*.c' 'pattern/*.c' 'bpf/*.c' | xargs cppcheck -q -j "$(nproc)" --std=c11 --inline-suppr --error-exitcode=1 \
		--enable=warning,portability --library=gnu --suppressions-list=tools/cppcheck.txt -D__x86_64__ -DRTE_MAX_ETHPORTS=32 \
		'-DTAILQ_FOREACH(a,b,c)=for(;;)' '-Drte_graph_foreach_node(a,b,c,d)=for(;;)' \
		'-DSEC(a)=' '-D__uint(a,b)=int a' '-D__type(a,b)=int a' '-DLIBBPF_OPTS(a,b,...)=struct a b={0}' \
		'-Dbpf_object__for_each_map(a,b)=for(;;)' -I bpf/include \
		-I dataplane/include -I pattern/include -I control/include -I dataplane/node -I dataplane/port
}

check_spelling() { files ':!LICENSE' ':!*.avsc' ':!*.hex' | xargs codespell --ignore-words=tools/codespell.txt; }

# Every file says its licence in its first three lines, but for the licence itself and formats without comments.
check_spdx() {
	local f bad=0
	while read -r f; do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: ' && continue
		echo "$f: no SPDX-License-Identifier in its first lines"
		bad=1
	done < <(files ':!LICENSE' ':!*.avsc' ':!*.hex' ':!*.json' ':!*.jsonl' ':!*.csv' ':!*.md' ':!.gitignore' ':!.clang-format' \
		':!debian/changelog' ':!debian/copyright' ':!debian/source/format' ':!debian/*.docs' ':!debian/*.examples')
	return $bad
}

# An include that climbs out of its folder would get past the build's include folders.
check_includes() { ! files 'dataplane/*' 'control/*' 'pattern/*' 'bpf/*' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"\.\./' ; }

check_python() { files '*.py' | xargs python3 -m py_compile; }

check_shell() {
	local f bad=0
	while read -r f; do
		bash -n "$f" || bad=1
	done < <(files '*.sh' .ci/run)
	return $bad
}

case ${1:-check} in
format) files '*.c' '*.h' | xargs clang-format -i ;;
check)
	step clang-format check_format
	step cppcheck check_cppcheck
	step codespell check_spelling
	step SPDX check_spdx
	step includes check_includes
	step python check_python
	step shell check_shell
	;;
*)
	echo "usage: tools/lint.sh [check|format]" >&2
	exit 2
	;;
esac
exit $status
