"""The other side of fastavro_test.cc: checks files that Millstream wrote, and writes files for it to read, with fastavro.

    python fastavro_check.py check DIRECTORY    every FILE.avro holds the records of FILE.json
    python fastavro_check.py write DIRECTORY    writes records of all types, one file for each codec fastavro has
"""

import datetime as dt
import decimal
import json
import pathlib
import sys
import uuid

import fastavro

SCHEMA = {
    "type": "record", "name": "Everything", "namespace": "check", "fields": [
        {"name": "flag", "type": "boolean"},
        {"name": "small", "type": ["null", "int"]},
        {"name": "large", "type": ["long", "null"]},
        {"name": "ratio", "type": "double"},
        {"name": "single", "type": "float"},
        {"name": "text", "type": ["null", "string"]},
        {"name": "raw", "type": "bytes"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "clock", "type": {"type": "long", "logicalType": "time-micros"}},
        {"name": "instant", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "digest", "type": {"type": "fixed", "name": "Digest", "size": 4}},
        {"name": "suit", "type": {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}},
        {"name": "list", "type": {"type": "array", "items": ["null", "long"]}},
        {"name": "tags", "type": {"type": "map", "values": "int"}},
        {"name": "inner", "type": ["null", {"type": "record", "name": "Inner", "fields": [
            {"name": "x", "type": "int"}, {"name": "again", "type": ["null", "Digest"]}]}]},
        {"name": "either", "type": ["string", "int"]},
        {"name": "number", "type": ["int", "double"]},
    ]}


def records(count: int):
    for i in range(count):
        yield {
            "flag": i % 2 == 0, "small": None if i % 3 == 0 else -i, "large": None if i % 5 == 0 else i * 10**15,
            "ratio": i / 8, "single": i / 4, "text": None if i % 4 == 0 else "é" * i, "raw": bytes([i % 256, 255]),
            "day": dt.date(1969, 12, 30) + dt.timedelta(days=i), "clock": dt.time(i % 24, 59, 59, 123456),
            "instant": dt.datetime(1969, 12, 31, 23, 59, 59, i, dt.timezone.utc),
            "local": dt.datetime(2024, 2, 29, 12, 0, 0, 1000 * i), "price": decimal.Decimal(i * 7919 - 5000).scaleb(-2),
            "id": uuid.UUID(int=i), "digest": bytes([i % 256] * 4), "suit": ["SPADES", "HEARTS"][i % 2],
            "list": [None if j == 1 else j for j in range(i % 4)], "tags": {"k": i} if i % 2 else {},
            "inner": None if i % 3 else {"x": i, "again": b"abcd" if i % 2 else None},
            "either": i if i % 2 else str(i), "number": i if i % 2 else i / 2,
        }


def plain(value):
    """A value as fastavro gives it, in the form in which the C++ test writes it to JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value) if isinstance(value, (decimal.Decimal, uuid.UUID)) else value


def check(folder: pathlib.Path) -> None:
    files = sorted(folder.glob("*.avro"))
    assert files, f"no files in {folder}"
    for path in files:
        with open(path, "rb") as file:
            found = [plain(record) for record in fastavro.reader(file)]
        expected = json.loads(path.with_suffix(".json").read_text())
        assert len(found) == len(expected), f"{path.name}: {len(found)} records, not {len(expected)}"
        for row, (got, wanted) in enumerate(zip(found, expected)):
            assert got == wanted, f"{path.name}: record {row} is {got}, not {wanted}"


def write(folder: pathlib.Path) -> None:
    for codec in ("null", "deflate"):
        with open(folder / f"{codec}.avro", "wb") as file:
            fastavro.writer(file, SCHEMA, records(40), codec=codec, sync_interval=500)


if __name__ == "__main__":
    {"check": check, "write": write}[sys.argv[1]](pathlib.Path(sys.argv[2]))
