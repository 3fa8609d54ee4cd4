"""Bags of Python objects."""

from __future__ import annotations

import datetime
import gzip
import json
from decimal import Decimal
from uuid import UUID

import fastavro
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.bag as db
import millstream.dataframe as dd


@pytest.fixture
def numbers() -> db.Bag:
    return db.from_sequence(range(10), npartitions=3)


def test_partitions(numbers):
    assert numbers.npartitions == 3
    assert db.from_sequence(range(10), partition_size=4).npartitions == 3
    assert numbers.repartition(2).compute() == list(range(10))
    assert db.concat([numbers, numbers]).compute() == [*range(10), *range(10)]
    assert list(numbers.persist()) == list(range(10))


def test_functions_of_elements(numbers):
    assert numbers.map(lambda x: x + 1).compute() == list(range(1, 11))
    assert numbers.map(lambda x, y, z=0: x + y + z, 1, z=2).take(1) == (3,)
    assert numbers.filter(lambda x: x % 2).compute() == [1, 3, 5, 7, 9]
    assert numbers.remove(lambda x: x % 2).compute() == [0, 2, 4, 6, 8]
    assert numbers.map_partitions(lambda part: [sum(part)]).compute() == [6, 22, 17]
    assert db.from_sequence([[1, 2], [3]]).flatten().compute() == [1, 2, 3]
    assert db.from_sequence([(1, 2), (3, 4)]).starmap(lambda a, b: a * b).compute() == [2, 12]
    with pytest.raises(NotImplementedError, match="one bag"):
        numbers.map(lambda a, b: a, numbers)


def test_pluck():
    bag = db.from_sequence([{"a": 1, "b": {"c": 2}}, {"a": 3}])
    assert bag.pluck("a").compute() == [1, 3]
    assert bag.pluck("b", None).compute() == [{"c": 2}, None]
    assert bag.pluck(["a", "a"]).compute() == [(1, 1), (3, 3)]
    with pytest.raises(KeyError, match="b"):
        bag.pluck("b").compute()


def test_take_reads_as_few_partitions_as_asked(numbers):
    assert numbers.take(3) == (0, 1, 2)
    assert numbers.take(6) == (0, 1, 2, 3)
    assert numbers.take(6, npartitions=-1) == (0, 1, 2, 3, 4, 5)
    assert numbers.take(2, compute=False).compute() == [0, 1]


def test_reductions(numbers):
    assert numbers.count().compute() == 10
    assert numbers.sum().compute() == 45
    assert (numbers.min().compute(), numbers.max().compute(), numbers.mean().compute()) == (0, 9, 4.5)
    assert numbers.any().compute() is True and numbers.all().compute() is False
    assert numbers.fold(lambda a, b: a + b).compute() == 45
    assert numbers.filter(lambda x: x == 9).max().compute() == 9
    assert numbers.topk(2).compute() == [9, 8]
    letters = db.from_sequence("abracadabra", npartitions=3)
    assert letters.frequencies(sort=True).take(1) == (("a", 5),)
    assert dict(letters.frequencies().compute()) == {"a": 5, "b": 2, "r": 2, "c": 1, "d": 1}
    assert sorted(letters.distinct().compute()) == ["a", "b", "c", "d", "r"]


def test_bags_compute_beside_frames(numbers, lazy):
    total, texts, rows, count = dd.compute(numbers.sum(), numbers.map(str), lazy.i.sum(), lazy.to_bag().count())
    assert (total, texts, int(rows), count) == (45, [str(n) for n in range(10)], 31, 8)
    assert dd.compute({"nested": [numbers.max()]}) == ({"nested": [9]},)
    assert numbers.last_report is not None
    rows = lazy.to_bag()
    assert rows.count().compute() == 8 and rows.last_report is not None
    both = (rows.count(), lazy.size)
    assert dd.compute(*both) == (8, 8 * len(lazy.columns))
    assert len(both[0].last_report["stages"]) == len(rows.last_report["stages"])  # one aggregation for both
    (kept,) = dd.persist(numbers.map(str))
    assert kept.compute() == [str(n) for n in range(10)]


def test_read_text(tmp_path):
    lines = [f"line {i} é\n" for i in range(100)]
    (tmp_path / "a.txt").write_text("".join(lines), encoding="utf-8")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.writelines(lines)
    assert db.read_text(tmp_path / "a.txt").compute() == lines
    assert db.read_text(f"{tmp_path}/*.txt*").compute() == lines + lines
    assert db.read_text(f"{tmp_path}/*.txt*", files_per_partition=2).npartitions == 1
    for size in (1, 7, 11, 12, 50, 10_000):
        assert db.read_text(tmp_path / "a.txt", blocksize=size).compute() == lines
    assert db.read_text(tmp_path / "a.txt", include_path=True).take(1) == ((lines[0], str(tmp_path / "a.txt")),)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        db.read_text(tmp_path / "nowhere.txt")
    with pytest.raises(ValueError, match="blocks"):
        db.read_text(tmp_path / "b.txt.gz", blocksize=10)


@pytest.mark.parametrize("options", [{"linedelimiter": "\r"}, {"encoding": "utf-16"}, {"encoding": "utf-32-be"}])
def test_lines_that_cannot_be_cut_into_blocks(tmp_path, options):
    lines = ["one é\n", "two\n"]
    with open(tmp_path / "a.txt", "w", encoding=options.get("encoding", "utf-8"), newline=options.get("linedelimiter")) as file:
        file.writelines(lines)
    expected = ["one é\r", "two\r"] if "linedelimiter" in options else lines
    assert db.read_text(tmp_path / "a.txt", **options).compute() == expected
    with pytest.raises(ValueError, match="blocksize=None"):
        db.read_text(tmp_path / "a.txt", blocksize=4, **options)


def test_a_byte_order_mark_goes_with_blocks(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8-sig")
    assert db.read_text(tmp_path / "a.txt", blocksize=5, encoding="utf-8-sig").compute() == ["one\n", "two\n"]


def test_json_lines_to_a_frame(tmp_path):
    records = [{"id": str(i), "repo": {"name": f"o/{i}"}, "payload": {"n": i}} for i in range(30)]
    with gzip.open(tmp_path / "x.json.gz", "wt") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)

    def clean(r):
        return {"repo_name": r["repo"]["name"], "id": r["id"], "payload": json.dumps(r["payload"])}

    bag = db.read_text([str(tmp_path / "x.json.gz")]).map(json.loads).map(clean)
    frame = bag.to_dataframe(meta={"repo_name": "str", "id": "str", "payload": "str"})
    assert_frame_equal(frame.compute(), pd.DataFrame(map(clean, records)))
    assert_frame_equal(bag.to_dataframe().compute(), pd.DataFrame(map(clean, records)))
    frame.to_parquet(tmp_path / "out", partition_on=["repo_name"], write_index=False)
    assert len(dd.read_parquet(tmp_path / "out")) == 30


def test_to_dataframe():
    tuples = db.from_sequence([(1, "a"), (2, "b")])
    assert_frame_equal(
        tuples.to_dataframe(columns=["n", "s"]).compute().reset_index(drop=True), pd.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    )
    assert list(tuples.to_dataframe().columns) == [0, 1]
    singles = db.from_sequence([1.5, 2]).to_dataframe(meta={"v": "float64"})
    assert singles.v.compute().tolist() == [1.5, 2.0]
    nested = db.from_sequence([{"d": {"a": 1}, "x": 1}, {"d": [2], "x": None}]).to_dataframe()
    assert nested.d.compute().tolist() == [{"a": 1}, [2]] and nested.x.compute().dtype == "float64"
    with pytest.raises(TypeError, match="'n'"):
        tuples.to_dataframe(meta={"n": "str", "s": "str"}).compute()
    with pytest.raises(ValueError, match="3 columns"):
        tuples.to_dataframe(columns=["a", "b", "c"]).compute()
    with pytest.raises(ValueError, match="empty"):
        db.from_sequence([]).to_dataframe()


UTC = datetime.UTC
DAY, NOON = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 12)


@pytest.mark.parametrize(
    ("first", "later", "fix"),
    [
        (1, 1.9, "meta={'a': 'float64'"),
        (1, Decimal("2.5"), "meta="),
        (1, True, "meta={'a': 'object'"),
        (1, "x", "meta={'a': 'object'"),
        (1.5, True, "meta={'a': 'object'"),
        (DAY, NOON, "meta={'a': 'datetime64.us.'"),
        (NOON, NOON.replace(tzinfo=UTC), "meta="),
        (NOON.replace(tzinfo=UTC), NOON, "meta="),
        (NOON, pd.Timestamp(7), "meta={'a': 'datetime64.ns.'"),
        ("x", b"x", "meta="),
        (b"x", "x", "meta="),
        (datetime.time(1), datetime.time(1, tzinfo=UTC), "meta="),
        ([1], DAY, "meta="),
    ],
)
def test_values_of_another_type_than_the_first_are_errors_that_say_the_fix(first, later, fix):
    frame = db.from_sequence([{"a": first}, {"a": later}], npartitions=2).to_dataframe()
    with pytest.raises(TypeError, match=f"(?s)column 'a'.*{type(later).__name__}.*{fix}"):
        frame.compute()


def test_types_that_are_said_hold_values_of_later_types():
    mixed = db.from_sequence([{"a": 1}, {"a": 1.9}], npartitions=2)
    assert mixed.to_dataframe(meta={"a": "float64"}).a.sum().compute() == 2.9
    days = db.from_sequence([{"a": DAY}, {"a": NOON}], npartitions=2).to_dataframe(meta={"a": "datetime64[us]"})
    assert days.a.compute().tolist() == [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01 12:00")]
    anything = db.from_sequence([{"a": 1}, {"a": "x"}, {"a": {"b": [1.5]}}], npartitions=3).to_dataframe(meta={"a": "object"})
    assert anything.a.compute().tolist() == [1, "x", {"b": [1.5]}]
    large = db.from_sequence([{"a": 2**53 + 1}, {"a": None}], npartitions=1)
    with pytest.raises(TypeError, match=r"meta={'a': 'Int64'"):
        large.to_dataframe().compute()
    assert large.to_dataframe(meta={"a": "Int64"}).a.compute().tolist() == [2**53 + 1, pd.NA]


@pytest.mark.parametrize(
    "values",
    [
        [float("nan"), 1],
        [None, 1],
        [np.int64(1), np.int64(2)],
        [np.float32(0.5), 2],
        [np.bool_(True), False],
        [1.5, float("nan")],
        ["x", None],
        [pd.Timestamp(7), pd.Timestamp(8)],
        [NOON, None],
        [np.datetime64("2020-01-01T00:00:00.000001"), np.datetime64("1960-01-01T00:00:00.000001")],
        [datetime.timedelta(seconds=1), datetime.timedelta(microseconds=1)],
        [DAY, None],
        [datetime.time(1, 2, 3), None],
        [b"\xff", b""],
        [Decimal("2.55"), Decimal("1000.25")],
        [Decimal("1E+3"), Decimal(1500)],
    ],
)
@pytest.mark.parametrize("npartitions", [1, 2])
def test_columns_have_the_types_that_pandas_gives_them(values, npartitions):
    actual = db.from_sequence([{"a": value} for value in values], npartitions=npartitions).to_dataframe().a.compute()
    expected = pd.DataFrame([{"a": value} for value in values]).a
    if npartitions == 2:
        actual = actual.reset_index(drop=True)
    assert_series_equal(actual, expected)


def test_numbers_of_more_digits_than_the_first():
    assert db.from_sequence([2**64, 1]).to_dataframe()[0].compute().tolist() == [2**64, 1]
    finer = [Decimal("2.5"), Decimal("1000.25")]
    with pytest.raises(TypeError, match=r"meta={0: pyarrow.decimal128\(38, 10\)"):
        db.from_sequence(finer, npartitions=2).to_dataframe().compute()
    said = db.from_sequence(finer, npartitions=2).to_dataframe(meta={"a": pa.decimal128(38, 10)})
    assert said.a.compute().tolist() == finer
    missing = db.from_sequence([np.datetime64("NaT"), NOON]).to_dataframe(meta={"t": "datetime64[us]"})
    assert missing.t.compute().isna().tolist() == [True, False]


@pytest.mark.parametrize("npartitions", [1, 2])
@pytest.mark.parametrize("values", [["NaN", "1.5"], ["1.5", "NaN"], ["1.5", "sNaN"]])
def test_decimals_that_are_missing(values, npartitions):
    decimals = [Decimal(value) for value in values]
    frame = db.from_sequence(decimals, npartitions=npartitions).to_dataframe()
    assert frame[0].compute().tolist() == [None if value.is_nan() else value for value in decimals]


@pytest.mark.parametrize("values", [["Infinity"], ["1.5", "-Infinity"], ["Infinity", "15"]])
@pytest.mark.parametrize("npartitions", [1, 2])
def test_decimals_that_are_infinite_are_errors_that_say_the_fix(values, npartitions):
    bag = db.from_sequence([{"a": Decimal(value)} for value in values], npartitions=npartitions)
    with pytest.raises(TypeError, match=r"column 'a'.*Infinity.*finite.*None in its place"):
        bag.to_dataframe().compute()


def test_keys_that_first_occur_late_are_errors_that_say_the_fix():
    bag = db.from_sequence([{"a": 1}, {"a": 2, "b": 1.5}], npartitions=2)
    with pytest.raises(ValueError, match=r"key 'b'.*\{'a': 2, 'b': 1.5\}.*meta=\{..., 'b': 'float64'\}"):
        bag.to_dataframe().compute()
    named = bag.to_dataframe(meta={"a": "int64", "b": "float64"}).compute().reset_index(drop=True)
    assert_frame_equal(named, pd.DataFrame([{"a": 1}, {"a": 2, "b": 1.5}]))
    assert bag.to_dataframe(columns=["a"]).a.compute().tolist() == [1, 2]


def test_elements_that_are_missing_are_rows_without_values():
    for npartitions in (1, 2):
        frame = db.from_sequence([None, {"a": 1}], npartitions=npartitions).to_dataframe()
        assert frame.a.sum().compute() == 1 and len(frame) == 2
    assert len(db.from_sequence([(1, 2), None], npartitions=1).to_dataframe()) == 2


@pytest.mark.parametrize("elements", [[{"a": 1}, 5], [(1, 2), {"a": 1}], [{"a": 1}, (1,)]])
def test_elements_of_different_kinds_are_errors(elements):
    with pytest.raises(TypeError, match="as others are"):
        db.from_sequence(elements, npartitions=2).to_dataframe().compute()


def test_rows_of_a_frame(frame, lazy):
    rows = lazy[["i", "s", "f"]].to_bag()
    assert rows.take(1) == ((3, "b", 1.5),)
    assert lazy[["i"]].to_bag(index=True).take(2) == ((0, 3), (1, 1))
    assert lazy[["i", "k"]].to_bag(format="dict").take(1) == ({"i": 3, "k": "x"},)
    assert lazy.i.to_bag().compute() == frame.i.tolist()
    assert rows.count().compute() == 8
    assert [len(part) for part in lazy.to_bag(format="frame").compute()] == [3, 3, 2]
    assert pd.isna(lazy[["f"]].to_bag().take(2)[1][0])
    with pytest.raises(ValueError, match="format"):
        lazy.to_bag(format="list")


def test_elements_without_values_are_counted(tmp_path):
    for bag in (db.from_sequence([{}, {}, {}], npartitions=2), db.from_sequence([(), (), ()], npartitions=1)):
        frame = bag.to_dataframe()
        assert len(frame) == 3 and frame.compute().shape == (3, 0)
        assert frame.assign(one=1).one.sum().compute() == 3
    with open(tmp_path / "empty.avro", "wb") as file:
        fastavro.writer(file, {"type": "record", "name": "empty", "fields": []}, [{}, {}])
    records = db.read_avro(tmp_path / "empty.avro")
    assert records.compute() == [{}, {}] and records.count().compute() == 2


def test_rows_without_columns(lazy):
    assert lazy[[]].to_bag().compute() == [()] * 8
    assert lazy[[]].to_bag(format="dict").compute() == [{}] * 8


def test_avro_of_any_bag(tmp_path):
    schema = {
        "type": "record",
        "name": "r",
        "fields": [
            {"name": "n", "type": ["null", "long"]},
            {"name": "s", "type": "string"},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
        ],
    }
    records = [{"n": 1, "s": "a", "tags": ["x"]}, {"n": None, "s": "b", "tags": []}]
    db.from_sequence(records, npartitions=1).to_avro(f"{tmp_path}/out/*.avro", schema)
    with open(tmp_path / "out" / "0.avro", "rb") as file:
        assert list(fastavro.reader(file)) == records
    assert db.read_avro(f"{tmp_path}/out/*.avro").count().compute() == 2
    assert db.read_avro(f"{tmp_path}/out/*.avro").pluck("s").compute() == ["a", "b"]


def record_of(called: str = "r", **types: object) -> dict:
    return {"type": "record", "name": called, "fields": [{"name": name, "type": type_} for name, type_ in types.items()]}


def written(path, schema: dict, records: list[dict]) -> list[dict]:
    """What fastavro reads of the records that it wrote."""
    with open(path, "wb") as file:
        fastavro.writer(file, schema, records)
    return read_by_fastavro(path)


def read_by_fastavro(path) -> list[dict]:
    with open(path, "rb") as file:
        return list(fastavro.reader(file))


AVRO = {
    "ints": (["null", "long"], [2**53 + 1, None]),
    "maps": ({"type": "map", "values": "long"}, [{"a": 1, "b": 2}, {}]),
    "maps_of_nullable": ({"type": "map", "values": ["null", "string"]}, [{"a": None}, {"b": "x"}]),
    "enums": ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, ["A", "B"]),
    "fixed": ({"type": "fixed", "name": "F", "size": 3}, [b"abc", b"\xff\xff\xff"]),
    "bytes": (["null", "bytes"], [b"\xff", None]),
    "booleans": (["null", "boolean"], [True, None]),
    "floats": (["null", "double"], [0.1, None]),
    "dates": ({"type": "int", "logicalType": "date"}, [DAY, datetime.date(1969, 1, 1)]),
    "times": ({"type": "long", "logicalType": "time-micros"}, [datetime.time(1, 2, 3, 4), datetime.time()]),
    "no_logical_type_of_avro": ({"type": "long", "logicalType": "time-nanos"}, [5, 7]),
    "stamps": (
        {"type": "long", "logicalType": "timestamp-micros"},
        [NOON.replace(tzinfo=UTC), datetime.datetime(1, 1, 1, tzinfo=UTC)],
    ),
    "local": (["null", {"type": "long", "logicalType": "local-timestamp-millis"}], [NOON, None]),
    "decimals": ({"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}, [Decimal("2.50"), Decimal("-1.00")]),
    "arrays": ({"type": "array", "items": ["null", "int"]}, [[1, None], []]),
    "records": (
        ["null", record_of("inner", x=["null", "long"], m={"type": "map", "values": "int"})],
        [{"x": 1, "m": {"k": 2}}, None],
    ),
    "all_null": ("null", [None, None]),
}  # fmt: skip
"""Avro types and two values of each."""

UNIONS = {
    "union": (["null", "int", "string"], ["x", 1]),
    "union_with_null": (["null", "int", "string"], [None, 1]),
    "union_with_enum": (["string", {"type": "enum", "name": "U", "symbols": ["A"]}, "bytes"], ["x", b"y"]),
    "unions_of_named_types": ([record_of("A", x="int"), {"type": "enum", "name": "B", "symbols": ["p"]}], [{"x": 1}, "p"]),
    "unions_in_maps": ({"type": "map", "values": ["null", "long", "string"]}, [{"a": 1, "b": None}, {"c": "x"}]),
    "unions_in_arrays": ({"type": "array", "items": ["int", {"type": "map", "values": "int"}]}, [[1, {"k": 2}], []]),
    "unions_in_records": (["null", record_of("inner", u=["boolean", "double", "string"])], [{"u": True}, {"u": 1.5}]),
}


@pytest.mark.parametrize("name", [*AVRO, *UNIONS])
def test_records_of_avro_files_are_those_of_fastavro(tmp_path, name):
    kind, values = {**AVRO, **UNIONS}[name]
    first = written(tmp_path / "0.avro", record_of(v=kind), [{"v": value} for value in values])
    second = written(tmp_path / "1.avro", record_of(v=kind), [{"v": values[1]}])
    actual = db.read_avro(f"{tmp_path}/*.avro").compute()
    assert actual == first + second
    assert [type(record["v"]) for record in actual] == [type(record["v"]) for record in first + second]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ({"type": "long", "logicalType": "timestamp-nanos"}, 5, pd.Timestamp(5, tz="UTC")),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (["int", "double"], 1, 1.0),
    ],
    ids=str,
)
def test_records_of_avro_files_that_are_not_those_of_fastavro(tmp_path, kind, value, expected):
    written(tmp_path / "x.avro", record_of(v=kind), [{"v": value}])
    (actual,) = db.read_avro(tmp_path / "x.avro").pluck("v").compute()
    assert actual == expected and type(actual) is type(expected)


def test_frames_of_avro_records_hold_their_values(tmp_path):
    schema = record_of(m={"type": "map", "values": "long"}, u=["null", "int", "string"], n=["null", "long"])
    records = written(tmp_path / "x.avro", schema, [{"m": {"a": 1}, "u": 1, "n": 5}, {"m": {}, "u": "x", "n": None}])
    bag = db.read_avro(tmp_path / "x.avro")
    assert_frame_equal(bag.to_dataframe().compute(), pd.DataFrame(records))
    assert bag.count().compute() == 2


def test_records_whose_fields_are_named_as_types_are_no_unions(tmp_path):
    inner = record_of("inner", name=["null", "string"], date=["null", {"type": "int", "logicalType": "date"}])
    records = [{"v": {"name": None, "date": DAY}}]
    written(tmp_path / "x.avro", record_of(v=inner), records)
    assert db.read_avro(tmp_path / "x.avro").compute() == records
    types = record_of("inner", int=["null", "int"], string=["null", "string"])
    records = [{"v": {"int": 1, "string": "one"}}, {"v": {"int": None, "string": "x"}}]
    written(tmp_path / "y.avro", record_of(v=types), records)
    assert db.read_avro(tmp_path / "y.avro").compute() == records


@pytest.mark.parametrize("name", AVRO)
@pytest.mark.parametrize("change", ["unchanged", "mapped"])
def test_avro_records_are_written_again_with_their_schema(tmp_path, name, change):
    kind, values = AVRO[name]
    schema = record_of(v=kind)
    records = written(tmp_path / "x.avro", schema, [{"v": value} for value in values])
    bag = db.read_avro(tmp_path / "x.avro")
    (bag if change == "unchanged" else bag.map(dict)).to_avro(f"{tmp_path}/out/*.avro", schema=schema)
    assert read_by_fastavro(tmp_path / "out" / "0.avro") == records


@pytest.mark.parametrize(
    ("kind", "value"),
    [("long", 1.7), ("long", "1"), ("string", b"x"), ("string", 1), ("bytes", "x"), ("boolean", 1), ("float", 1e300)],
)
def test_values_that_their_avro_type_does_not_hold_are_errors(tmp_path, kind, value):
    schema = record_of(a=kind)
    assert value == 1e300 or not fastavro.validation.validate({"a": value}, schema, raise_errors=False)
    for nullable in (kind, ["null", kind]):
        with pytest.raises(TypeError, match=r"to_avro: column 'a'.*Change the value, or the type in the schema"):
            db.from_sequence([{"a": value}]).to_avro(f"{tmp_path}/out/*.avro", record_of(a=nullable))


def test_avro_of_values_as_fastavro_takes_them(tmp_path):
    schema = record_of(
        nan=["null", "double"], utc={"type": "long", "logicalType": "timestamp-millis"}, number=["int", "double"],
        enum={"type": "enum", "name": "E", "symbols": ["A", "B"]}, again=["null", "E"],
    )  # fmt: skip
    schema["fields"].append({"name": "d", "type": ["long", "null"], "default": 7})
    zoned = datetime.datetime(2020, 1, 1, 12, 0, 0, 1999, datetime.timezone(datetime.timedelta(hours=2)))
    records = [{"nan": float("nan"), "utc": zoned, "number": 1.5, "enum": "A", "again": "B", "not in the schema": 1}]
    (expected,) = written(tmp_path / "x.avro", schema, records)
    db.from_sequence(records).to_avro(f"{tmp_path}/out/*.avro", schema)
    (actual,) = read_by_fastavro(tmp_path / "out" / "0.avro")
    assert np.isnan(actual.pop("nan")) and np.isnan(expected.pop("nan"))
    assert actual == expected and actual["d"] == 7
    with pytest.raises(ValueError, match="one type and null"):
        db.from_sequence(records).to_avro(f"{tmp_path}/out/*.avro", record_of(d=["int", "string"]))


@pytest.mark.parametrize("method", ["map", "filter", "remove"])
def test_a_stop_iteration_of_a_function_is_an_error_and_not_the_end(method):
    bag = db.from_sequence([1, 2, 3])
    with pytest.raises(RuntimeError, match="StopIteration"):
        getattr(bag, method)(lambda value: next(iter([]))).compute()
