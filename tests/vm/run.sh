#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `make check-vm`: the steps of check.py, with the interpreter that can read Kafka. Arguments are those of check.py (--help), for work on a step.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$top/tools/python.sh")
exec "$python" "$top/tests/vm/check.py" "$@"
