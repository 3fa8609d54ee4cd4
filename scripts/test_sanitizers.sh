#!/usr/bin/env bash
# The C++ suite under ASan+UBSan, then under TSan.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}
# Arrow's default allocator hands memory out again unseen by the sanitizers: they need the system's, which they replace.
export ARROW_DEFAULT_MEMORY_POOL=system
for preset in ${PRESETS:-asan tsan}; do
  cmake --preset "$preset" -DPython_EXECUTABLE="$python" >/dev/null
  cmake --build "build/$preset" -j "${JOBS:-$(nproc)}"
  PATH="$(dirname "$python"):$PATH" MILLSTREAM_TEST_PYTHON="$python" \
    ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 \
    TSAN_OPTIONS="suppressions=$PWD/cmake/tsan_suppressions.txt halt_on_error=1" \
    ctest --test-dir "build/$preset" --output-on-failure -j 2
done
