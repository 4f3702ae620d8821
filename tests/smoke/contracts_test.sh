#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The checked-in schemas and docs/records.md are what the field tables say; `make records` writes them anew.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
contracts=${TP_BUILD:-$top/build/dev}/dataplane/record/contracts
dir=$(mktemp -d "${TMPDIR:-/tmp}/turnpike-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT

mkdir "$dir/contracts"
"$contracts" --avsc "$dir/contracts"
"$contracts" --markdown >"$dir/records.md"
diff -ru "$top/contracts" "$dir/contracts"
diff -u "$top/docs/records.md" "$dir/records.md"

# Every schema is JSON that names its kind and begins with the envelope.
for schema in "$dir"/contracts/*.avsc; do
	python3 -c '
import json, sys
schema = json.load(open(sys.argv[1]))
assert schema["type"] == "record", schema["type"]
assert schema["fields"][0]["name"] == "event_id", schema["fields"][0]' "$schema"
done
[ "$(ls "$dir/contracts" | wc -l)" -ge 11 ]
