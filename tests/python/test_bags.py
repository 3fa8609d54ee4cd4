"""Bags of Python objects."""

from __future__ import annotations

import datetime
import gzip
import json
from decimal import Decimal

import fastavro
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

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


UTC = datetime.UTC
DAY, NOON = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 12)


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


def test_records_whose_fields_are_named_unlike_types_are_no_unions(tmp_path):
    inner = record_of("inner", name=["null", "string"], date=["null", {"type": "int", "logicalType": "date"}])
    records = [{"v": {"name": None, "date": DAY}}]
    written(tmp_path / "x.avro", record_of(v=inner), records)
    assert db.read_avro(tmp_path / "x.avro").compute() == records


@pytest.mark.parametrize("method", ["map", "filter", "remove"])
def test_a_stop_iteration_of_a_function_is_an_error_and_not_the_end(method):
    bag = db.from_sequence([1, 2, 3])
    with pytest.raises(RuntimeError, match="StopIteration"):
        getattr(bag, method)(lambda value: next(iter([]))).compute()
