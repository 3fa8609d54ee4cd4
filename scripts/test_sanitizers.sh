#!/usr/bin/env bash
# The C++ suite under ASan+UBSan, then under TSan.
set -euo pipefail
cd "$(dirname "$0")/.."
for preset in ${PRESETS:-asan tsan}; do
  cmake --preset "$preset" -DPython_EXECUTABLE="$PWD/.venv/bin/python" >/dev/null
  cmake --build "build/$preset" -j "${JOBS:-$(nproc)}"
  PATH="$PWD/.venv/bin:$PATH" MILLSTREAM_TEST_PYTHON="$PWD/.venv/bin/python" \
    ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 \
    TSAN_OPTIONS="suppressions=$PWD/cmake/tsan_suppressions.txt halt_on_error=1" \
    ctest --test-dir "build/$preset" --output-on-failure -j 2
done
