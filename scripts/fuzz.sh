#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (default 600), starting from its corpus in build/fuzz-corpus.
#   scripts/fuzz.sh [SECONDS] [TARGET ...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
shift || true
cmake --preset fuzz -DPython_EXECUTABLE="$PWD/.venv/bin/python" >/dev/null
cmake --build build/fuzz -j "${JOBS:-$(nproc)}"
for target in "${@:-build/fuzz/fuzz/*_fuzz}"; do
  for program in $target; do
    corpus=build/fuzz-corpus/$(basename "$program")
    mkdir -p "$corpus"
    echo "fuzz: $(basename "$program") for $seconds s"
    "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 "$corpus" 2>&1 | tail -n 12
  done
done
