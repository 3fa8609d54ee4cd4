#!/usr/bin/env bash
# clang-format and ruff on everything, mypy on the public package, clang-tidy on the sources that changed since BASE
# (default: the last commit; BASE=all for every source).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}

git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
.venv/bin/ruff check python tests scripts bench
.venv/bin/ruff format --check python tests scripts bench
.venv/bin/mypy

base=${BASE:-$(git rev-parse --verify -q HEAD~1 || git rev-list --max-parents=0 HEAD | tail -n 1)}
if [ "$base" = all ]; then
  files=$(git ls-files 'src/millstream/*.cc')
else
  files=$(git diff --name-only --diff-filter=d "$base" -- 'src/millstream/*.cc')
fi
# clang cannot read the compiler's precompiled header: its flags go, and the header is included as it is.
mkdir -p build/tidy
.venv/bin/python - "$build/compile_commands.json" build/tidy/compile_commands.json <<'P'
import json
import re
import sys

commands = json.load(open(sys.argv[1]))
for entry in commands:
    entry["command"] = re.sub(r"-Winvalid-pch|-fpch-preprocess|-include \S*cmake_pch\S*", "", entry["command"])
    entry["command"] += " -include millstream/pch.h"
json.dump(commands, open(sys.argv[2], "w"))
P
# Not linted: tests, whose header is another one, and the bindings, where nanobind's macros are not ours.
chosen=$(echo "$files" | grep -v '_test\.cc$\|_bench\.cc$\|/python/\|/testing/' || true)
if [ -n "$chosen" ]; then
  # What clang-tidy counts goes to its standard error, which matters only where it fails.
  echo "$chosen" | xargs -P "$(nproc)" -n 2 clang-tidy --quiet -p build/tidy --warnings-as-errors='*' 2>build/tidy/stderr.txt ||
    { cat build/tidy/stderr.txt >&2; exit 1; }
fi
echo "lint: clean"
