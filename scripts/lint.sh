#!/usr/bin/env bash
# clang-format and ruff on everything, mypy on the public package, clang-tidy on the layers that changed since BASE
# (default: the commit before the last 20, or everything with BASE=all).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}

git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
.venv/bin/ruff check python tests scripts bench
.venv/bin/ruff format --check python tests scripts bench
.venv/bin/mypy

base=${BASE:-$(git rev-parse --verify -q HEAD~20 || git rev-list --max-parents=0 HEAD | tail -n 1)}
if [ "$base" = all ]; then
  files=$(git ls-files 'src/millstream/*.cc')
else
  files=$(git diff --name-only --diff-filter=d "$base" -- 'src/millstream/*.cc')
fi
# clang cannot read the compiler's precompiled header, so its flags are dropped from the database.
mkdir -p build/tidy
.venv/bin/python - "$build/compile_commands.json" build/tidy/compile_commands.json <<'P'
import json, re, sys
commands = json.load(open(sys.argv[1]))
for entry in commands:
    entry["command"] = re.sub(r"-Winvalid-pch|-fpch-preprocess|-include \S*cmake_pch\S*", "", entry["command"])
json.dump(commands, open(sys.argv[2], "w"))
P
echo "$files" | grep -v '_test\.cc$\|/python/' | head -n "${TIDY_FILES:-40}" |
  xargs -r -P "$(nproc)" -n 4 clang-tidy --quiet -p build/tidy --warnings-as-errors='*'
echo "lint: clean"
