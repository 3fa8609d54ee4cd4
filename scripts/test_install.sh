#!/usr/bin/env bash
# Two ways to install, each from nothing: the wheel in an environment of its own, and the CMake install that a C++ project finds.
#   scripts/test_install.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "install: CMake, then examples/ against it"
cmake --install "$build" --prefix "$work/prefix" --component cpp >/dev/null
cmake -S examples -B "$work/examples" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/examples" >/dev/null
printf 'medallion,pickup_datetime,passenger_count,trip_time_in_secs\nA,2013-01-01 15:11:48,4,382\nB,2013-01-06 00:18:35,1,259\n' >"$work/trips.csv"
"$work/examples/taxi" "$work/trips.csv" "$work/avro"
.venv/bin/python - "$work/avro" <<'P'
import glob, sys
import fastavro
rows = [row for path in glob.glob(sys.argv[1] + "/*.avro") for row in fastavro.reader(open(path, "rb"))]
assert rows == [{"pickup_datetime": "2013-01-01 15:11:48", "passenger_count": 4, "trip_time_in_secs": 382}], rows
P
"$work/prefix/bin/millstream" schema "$work/trips.csv" | grep -q 'passenger_count: int64'

echo "install: pip"
# Built with the tools of .venv, whose pyarrow is the one of the main build, so that a compiler cache serves both.
.venv/bin/pip wheel -q --no-build-isolation --no-deps --wheel-dir "$work/wheel" .
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "$work"/wheel/*.whl
cd "$work"
"$work/venv/bin/python" -c '
import millstream.dataframe as dd
df = dd.read_csv("trips.csv")
assert df[df.passenger_count > 3].medallion.compute().tolist() == ["A"]
'
"$work/venv/bin/millstream" head trips.csv >/dev/null
echo "install: 2 passed, 0 failed"
