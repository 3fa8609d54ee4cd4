"""Reading and writing files, against pandas, pyarrow and fastavro."""

from __future__ import annotations

import datetime
import gzip
import json
import os
from pathlib import Path

import fastavro
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.dataframe as dd


@pytest.fixture
def trips(tmp_path: Path) -> pd.DataFrame:
    """1,000 rows, in trips.csv and in two gzip-compressed halves."""
    frame = pd.DataFrame(
        {
            "id": range(1000),
            "passenger_count": [1 + i * 7 % 6 for i in range(1000)],
            "fare": [i / 8 for i in range(1000)],
            "flag": [None if i % 5 == 0 else "Y" if i % 2 else 'N,"o"' for i in range(1000)],
            "at": pd.date_range("2013-01-01", periods=1000, freq="min", unit="us"),
        }
    )
    frame.to_csv(tmp_path / "trips.csv", index=False)
    frame[:500].to_csv(tmp_path / "half-0.csv.gz", index=False)
    frame[500:].to_csv(tmp_path / "half-1.csv.gz", index=False)
    return frame


def test_read_csv(tmp_path, trips):
    lazy = dd.read_csv(tmp_path / "trips.csv", parse_dates=["at"], blocksize="8kB")
    assert lazy.npartitions > 3 and not lazy.known_divisions and lazy.divisions[0] is None
    assert_frame_equal(lazy.compute().reset_index(drop=True), trips, check_dtype=False)
    assert len(lazy) == 1000
    assert_frame_equal(lazy.head(3), trips.head(3), check_dtype=False)


def test_the_index_counts_rows_within_each_partition(tmp_path, trips):
    lazy = dd.read_csv([tmp_path / "half-0.csv.gz", tmp_path / "half-1.csv.gz"])
    assert lazy.npartitions == 2
    index = lazy.compute().index
    assert index[499] == 499 and index[500] == 0
    assert lazy[lazy.id >= 499].compute().index[:3].tolist() == [499, 0, 1]
    assert dd.read_csv(tmp_path / "trips.csv").compute().index.equals(pd.RangeIndex(1000))


def test_csv_options(tmp_path, trips):
    (tmp_path / "x.txt").write_text("a;1.5\nb;2.5\n")
    options = {"sep": ";", "header": None, "names": ["station", "temp"], "dtype": {"station": "str", "temp": "float64"}}
    lazy = dd.read_csv(f"{tmp_path}/x.txt", blocksize="32MB", **options)
    assert_frame_equal(lazy.compute(), pd.read_csv(tmp_path / "x.txt", **options))
    typed = dd.read_csv(tmp_path / "trips.csv", dtype={"id": "int32", "fare": "float32"}, usecols=["id", "fare"])
    assert typed.dtypes.astype(str).to_dict() == {"id": "int32", "fare": "float32"}
    assert dd.read_csv(tmp_path / "trips.csv", assume_missing=True).dtypes.id == "float64"
    as_category = dd.read_csv(tmp_path / "trips.csv", dtype={"flag": "category"}).flag
    assert as_category.compute().dtype == "category"
    for said in (pd.CategoricalDtype(["x"]), {"flag": pd.CategoricalDtype(ordered=True)}):
        with pytest.raises(NotImplementedError, match="map_partitions"):
            dd.read_csv(tmp_path / "trips.csv", dtype=said)
    with pytest.raises(ValueError, match="nrows"):
        dd.read_csv(tmp_path / "trips.csv", nrows=3)
    with pytest.raises(ValueError, match="blocksize"):
        dd.read_csv(tmp_path / "trips.csv", blocksize="lots")
    with pytest.raises(ValueError, match="colour"):
        dd.read_csv(tmp_path / "trips.csv", colour="red")
    with pytest.raises(FileNotFoundError, match=r"nothing-\*"):
        dd.read_csv(f"{tmp_path}/nothing-*.csv")


def test_columns_without_a_header_are_numbered(tmp_path):
    (tmp_path / "n.csv").write_text("1,x,2.5\n2,y,\n")
    for options in ({}, {"usecols": [2, 0]}, {"dtype": {0: "float64", 1: "category"}, "skip_blank_lines": True}):
        lazy = dd.read_csv(tmp_path / "n.csv", header=None, **options)
        assert_frame_equal(lazy.compute(), pd.read_csv(tmp_path / "n.csv", header=None, **options))
        assert lazy[0].sum().compute() == 3


def test_the_taxi_program(tmp_path, trips):
    df = dd.read_csv(f"{tmp_path}/half-*.csv.gz", blocksize=None)
    kept = df[df.passenger_count > 3][["id", "passenger_count"]]
    expected = trips[trips.passenger_count > 3][["id", "passenger_count"]]
    assert_frame_equal(kept.compute().reset_index(drop=True), expected.reset_index(drop=True))
    schema = {"type": "record", "name": "trip", "fields": [{"name": n, "type": "long"} for n in expected]}
    kept.to_bag(format="dict").to_avro(f"{tmp_path}/out/trip.*.avro", schema)
    assert sorted(os.listdir(tmp_path / "out")) == ["trip.0.avro", "trip.1.avro"]
    records = []
    for name in ("trip.0.avro", "trip.1.avro"):
        with open(tmp_path / "out" / name, "rb") as file:
            records += list(fastavro.reader(file))
    assert records == expected.to_dict("records")


def test_csv_round_trip(tmp_path, trips):
    lazy = dd.from_pandas(trips, npartitions=2)
    report = lazy.to_csv(f"{tmp_path}/out/part-*.csv", index=False)
    assert dict(report)
    assert sorted(os.listdir(tmp_path / "out")) == ["part-0.csv", "part-1.csv"]
    parts = [pd.read_csv(tmp_path / "out" / f"part-{i}.csv", parse_dates=["at"]) for i in (0, 1)]
    assert_frame_equal(pd.concat(parts, ignore_index=True), trips, check_dtype=False)
    lazy.to_csv(tmp_path / "one.csv", single_file=True)
    assert_frame_equal(pd.read_csv(tmp_path / "one.csv", index_col=0, parse_dates=["at"]), trips, check_dtype=False)
    lazy.to_csv(tmp_path / "directory")
    assert sorted(os.listdir(tmp_path / "directory")) == ["0.part", "1.part"]


def test_parquet_round_trip(tmp_path, trips):
    dd.from_pandas(trips, npartitions=2).to_parquet(tmp_path / "out", write_index=False)
    assert sorted(os.listdir(tmp_path / "out"))[:2] == ["part.0.parquet", "part.1.parquet"]
    table = pq.read_table(tmp_path / "out")
    assert table.num_rows == 1000 and table.schema.names == list(trips.columns)
    lazy = dd.read_parquet(tmp_path / "out")
    assert_frame_equal(lazy.compute().reset_index(drop=True), trips)
    assert lazy.npartitions == 2
    assert list(dd.read_parquet(tmp_path / "out", columns=["fare", "id"]).columns) == ["fare", "id"]
    assert_series_equal(dd.read_parquet(tmp_path / "out", columns="id").compute().reset_index(drop=True), trips.id)
    few = dd.read_parquet(tmp_path / "out", filters=[("id", ">", 990), ("flag", "==", "Y")])
    assert few.id.compute().tolist() == [991, 993, 997, 999]
    either = dd.read_parquet(tmp_path / "out", filters=[[("id", "<", 2)], [("id", "in", [7])]])
    assert either.id.compute().tolist() == [0, 1, 7]
    with pytest.raises(ValueError, match="filter is"):
        dd.read_parquet(tmp_path / "out", filters=[("id", "like", 1)])


def test_a_named_index_survives_parquet(tmp_path, trips):
    grouped = dd.from_pandas(trips, npartitions=2).groupby("passenger_count").fare.sum().to_frame()
    grouped.to_parquet(tmp_path / "out")
    assert_frame_equal(dd.read_parquet(tmp_path / "out").compute(), trips.groupby("passenger_count").fare.sum().to_frame())
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), trips.groupby("passenger_count").fare.sum().to_frame())
    grouped.to_parquet(tmp_path / "without", write_index=False)
    assert pq.read_table(tmp_path / "without").schema.names == ["fare"]


def test_an_index_named_as_a_column_is_refused(tmp_path, trips):
    lazy = dd.from_pandas(trips.set_index(trips.fare.rename("id")), npartitions=2)
    for write in (lazy.to_parquet, lazy.to_csv):
        with pytest.raises(ValueError, match="'id'"):
            write(tmp_path / "out")
    lazy.to_csv(tmp_path / "out", index=False)
    assert list(dd.read_csv(tmp_path / "out" / "*").id.compute()) == list(trips.id)


def test_partitioned_parquet(tmp_path, trips):
    lazy = dd.from_pandas(trips.assign(repo="owner/n", hour=trips["at"].dt.hour), npartitions=3)
    lazy.to_parquet(tmp_path / "out", partition_on=["passenger_count", "repo"])
    assert "passenger_count=3" in os.listdir(tmp_path / "out")
    back = dd.read_parquet(tmp_path / "out")
    assert set(back.columns) == set(lazy.columns)
    assert set(back.repo.unique().compute()) == {"owner/n"}
    assert back[back.passenger_count == 3].id.sum().compute() == trips[trips.passenger_count == 3].id.sum()
    with pytest.raises(ValueError, match="all columns"):
        lazy[["id"]].to_parquet(tmp_path / "none", partition_on="id")
    with pytest.raises(KeyError, match="nope"):
        lazy.to_parquet(tmp_path / "none", partition_on="nope")


def test_overwriting_and_appending(tmp_path, trips):
    lazy = dd.from_pandas(trips, npartitions=2)
    lazy.to_parquet(tmp_path / "out")
    lazy.to_parquet(tmp_path / "out", overwrite=True)
    assert pq.read_table(tmp_path / "out").num_rows == 1000
    lazy.to_parquet(tmp_path / "out", append=True)
    assert pq.read_table(tmp_path / "out").num_rows == 2000


def test_a_write_may_wait(tmp_path, trips):
    later = dd.from_pandas(trips, npartitions=2).to_parquet(tmp_path / "out", compute=False)
    assert not (tmp_path / "out").exists()
    later.compute()
    assert pq.read_table(tmp_path / "out").num_rows == 1000


def test_the_frame_keeps_the_report_of_its_write(tmp_path, trips):
    lazy = dd.from_pandas(trips.set_index("id"), npartitions=2)
    for write in (lazy.to_parquet, lazy.to_csv):
        assert write(tmp_path / "out") is lazy.last_report and lazy.last_report["bytes_written"] > 0


def test_a_failed_write_leaves_nothing(tmp_path, trips):
    def explode(part):
        if 999 in part.id.values:
            raise RuntimeError("half way")
        return part

    lazy = dd.from_pandas(trips, npartitions=4).map_partitions(explode)
    with pytest.raises(RuntimeError, match="half way"):
        lazy.to_parquet(tmp_path / "out")
    assert not list(tmp_path.glob("out/**/*.parquet"))


@pytest.fixture
def events(tmp_path: Path) -> list[dict]:
    """Records as GH Archive has them: a regular nested object, and one whose keys vary."""
    records = [
        {
            "id": str(2489368070 + i),
            "type": ["PushEvent", "WatchEvent"][i % 2],
            "repo": {"id": i, "name": f"owner/{i % 3}"},
            "payload": {"size": i} if i % 2 == 0 else {"action": "started", "list": [1, None]},
            "public": True,
            "created_at": f"2015-01-01T00:00:{i:02}Z",
        }
        for i in range(20)
    ]
    with gzip.open(tmp_path / "events.json.gz", "wt") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return records


def test_read_json(tmp_path, events):
    lazy = dd.read_json([tmp_path / "events.json.gz"], compression="gzip")
    actual = lazy.compute()
    assert actual.repo.tolist() == [event["repo"] for event in events]
    assert actual.payload.tolist() == [event["payload"] for event in events]
    assert len(lazy.head()) == 5 and lazy.head().repo[1] == {"id": 1, "name": "owner/1"}
    names = lazy.repo.struct.field("name")
    assert names.value_counts().compute()["owner/0"] == 7
    assert lazy[names == "owner/1"].type.compute().tolist() == [e["type"] for e in events if e["repo"]["name"] == "owner/1"]
    with pytest.raises(NotImplementedError, match="orient"):
        dd.read_json(tmp_path / "events.json.gz", orient="split")
    with pytest.raises(NotImplementedError, match="meta"):
        dd.read_json(tmp_path / "events.json.gz", meta=actual.iloc[:0])


def test_the_gharchive_program(tmp_path, events, gharchive_program):
    res = gharchive_program([f"{tmp_path}/events.json.gz"])
    res.to_parquet(f"{tmp_path}/out", partition_on=["type", "repo_name"], engine="pyarrow")
    back = dd.read_parquet(f"{tmp_path}/out").compute()
    assert len(back) == 20 and set(back.repo_name) == {"owner/0", "owner/1", "owner/2"}
    expected = {int(event["id"]): event for event in events}
    for row in back.itertuples():
        payload = row.payload if isinstance(row.payload, dict) else json.loads(row.payload)
        assert payload == expected[int(row.id)]["payload"]


def test_the_same_by_expressions(tmp_path, events):
    df = dd.read_json(f"{tmp_path}/events.json.gz")
    df["repo_name"] = df.repo.struct.field("name")
    df[["type", "repo_name", "id"]].to_parquet(tmp_path / "out", partition_on=["type", "repo_name"])
    assert len(dd.read_parquet(tmp_path / "out")) == 20


def test_json_keys_behind_the_sample_are_not_lost(tmp_path):
    place = tmp_path / "a.json"
    place.write_text('{"a": 1, "r": {"x": 1}}\n' * 10 + '{"a": 2, "late": "!", "r": {"x": 2, "deep": 3}}\n')
    frame = dd.read_json(place, sample=100)
    with pytest.raises(ValueError, match=r'a\.json: line 11: .*"late".*sample'):
        frame.compute()
    with pytest.raises(ValueError, match=r'line 11: .*"late"'):
        frame.to_parquet(str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match=r"line 11: column 'r': .*deep"):
        frame.r.compute()
    assert len(frame) == 11 and frame.a.sum().compute() == 12
    assert dd.read_json(place, sample=100, unexpected_field_behavior="ignore").compute().columns.tolist() == ["a", "r"]
    assert dd.read_json(place).compute().late.dropna().tolist() == ["!"]
    named = dd.read_json(place, sample=100, dtype={"late": "str", "r": "json"}).compute()
    assert named.late.iloc[10] == "!" and named.r.iloc[10] == {"x": 2, "deep": 3}


def test_json_round_trip(tmp_path, trips):
    dd.from_pandas(trips[["id", "fare", "flag"]], npartitions=2).to_json(f"{tmp_path}/out/*.json")
    assert sorted(os.listdir(tmp_path / "out")) == ["0.json", "1.json"]
    assert_frame_equal(
        pd.read_json(tmp_path / "out" / "0.json", lines=True), trips[["id", "fare", "flag"]][:500], check_dtype=False
    )
    back = dd.read_json(f"{tmp_path}/out/*.json").compute().reset_index(drop=True)
    assert_frame_equal(back, trips[["id", "fare", "flag"]])


def test_avro_round_trip(tmp_path, trips):
    lazy = dd.from_pandas(trips, npartitions=2)
    lazy.to_avro(f"{tmp_path}/out/trip.*.avro", codec="deflate")
    with open(tmp_path / "out" / "trip.0.avro", "rb") as file:
        reader = fastavro.reader(file)
        assert len(list(reader)) == 500 and reader.codec == "deflate"
    back = dd.read_avro(f"{tmp_path}/out/*.avro")
    assert_frame_equal(back.compute().reset_index(drop=True), trips)
    assert dd.read_avro(f"{tmp_path}/out/trip.0.avro").fare.sum().compute() == trips.fare[:500].sum()
    with pytest.raises(KeyError, match="nope"):
        lazy.to_avro(tmp_path / "x", schema={"type": "record", "name": "r", "fields": [{"name": "nope", "type": "long"}]})


def test_patterns_must_be_in_the_file_name(tmp_path, trips):
    with pytest.raises(ValueError, match="file name"):
        dd.from_pandas(trips, npartitions=2).to_csv(f"{tmp_path}/*/x.csv")


def test_persisted_tables_keep_their_types(tmp_path):
    table = pa.table({"d": pa.array([1, None], pa.int8()), "s": pa.array(["a", "b"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "x.parquet")
    frame = dd.read_parquet(tmp_path / "x.parquet").persist().compute()
    assert frame.d.dtype == "float64" and frame.s.tolist() == ["a", "b"]


REAL = Path(os.environ.get("MILLSTREAM_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "gharchive"


@pytest.mark.skipif(not REAL.is_dir(), reason="no GH Archive files")
def test_a_real_hour_of_gharchive(tmp_path):
    path = sorted(REAL.glob("*.json.gz"))[0]
    with gzip.open(path) as file:
        events = [json.loads(line) for line in file]
    df = dd.read_json([str(path)], compression="gzip")
    assert len(df) == len(events)
    names = df.repo.struct.field("name")
    assert names.nunique().compute() == len({event["repo"]["name"] for event in events})
    assert df.type.value_counts().compute().to_dict() == pd.Series([event["type"] for event in events]).value_counts().to_dict()
    assert list(df.head(20).payload) == [event["payload"] for event in events[:20]]


def test_an_index_column_is_refused_wherever_it_is(tmp_path, trips):
    for column in (0, "id", [0]):
        with pytest.raises(ValueError, match="index_col"):
            dd.read_csv(tmp_path / "trips.csv", index_col=column)
    assert "id" in dd.read_csv(tmp_path / "trips.csv", index_col=False)


def test_a_frame_without_columns_is_not_written(tmp_path):
    nothing = dd.from_pandas(pd.DataFrame({"a": [1]}), npartitions=1)[[]]
    writes = [nothing.to_json, nothing.to_avro]
    writes += [lambda path: nothing.to_csv(path, index=False), lambda path: nothing.to_parquet(path, write_index=False)]
    for write in writes:
        with pytest.raises(ValueError, match="no columns"):
            write(str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_filters_take_text_and_dates_for_times(tmp_path, trips):
    dd.from_pandas(trips, npartitions=2).to_parquet(tmp_path / "p", write_index=False)
    day = datetime.date(2013, 1, 1)
    for filters in ([("at", "==", "2013-01-01")], [("at", "==", day)], [("at", "in", [day])], [("at", "in", ["2013-01-01"])]):
        assert dd.read_parquet(tmp_path / "p", filters=filters).id.compute().tolist() == [0]

    zoned = trips.assign(at=trips["at"].dt.tz_localize("Asia/Tokyo"))
    dd.from_pandas(zoned, npartitions=2).to_parquet(tmp_path / "z", write_index=False)
    for filters in ([("at", "==", "2013-01-01")], [("at", "==", day)], [("at", "in", [day])]):
        assert dd.read_parquet(tmp_path / "z", filters=filters).id.compute().tolist() == [0]
    with pytest.raises(TypeError, match="has no zone"):
        dd.read_parquet(tmp_path / "z", filters=[("at", "==", datetime.datetime(2013, 1, 1))])


def test_an_index_of_known_divisions_is_written(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3]})
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path / "o")
    assert_frame_equal(dd.read_parquet(tmp_path / "o").compute(), frame)
    assert_frame_equal(pd.read_parquet(tmp_path / "o"), frame)
    dd.from_pandas(frame, npartitions=3).to_parquet(tmp_path / "no", write_index=False)
    assert pq.read_table(tmp_path / "no").column_names == ["a"]
    frame.to_csv(tmp_path / "x.csv", index=False)
    dd.read_csv(tmp_path / "x.csv").to_parquet(tmp_path / "csv")
    assert pq.read_table(tmp_path / "csv").column_names == ["a"]


def test_files_are_read_in_the_order_of_their_numbers(tmp_path):
    frame = pd.DataFrame({"n": range(24)})
    parts = dd.from_pandas(frame, npartitions=12)
    parts.to_parquet(tmp_path / "parquet", write_index=False)
    parts.to_csv(tmp_path / "csv" / "part-*.csv", index=False)
    assert dd.read_parquet(tmp_path / "parquet").compute().n.tolist() == list(range(24))
    assert dd.read_csv(tmp_path / "csv" / "*.csv").compute().n.tolist() == list(range(24))


def test_groups_of_dictionary_encoded_text(tmp_path):
    """Row groups with a dictionary, with one that was given up for plain values, and without: one result."""
    few = pa.table({"key": ["a", None, "b", "a"] * 2000, "value": list(range(8000))})
    many = pa.table({"key": [f"key {i % 5000}" for i in range(8000)], "value": list(range(8000))})
    with pq.ParquetWriter(tmp_path / "mixed.parquet", few.schema, dictionary_pagesize_limit=20_000) as writer:
        writer.write_table(few)
        writer.write_table(many)
    pq.write_table(few, tmp_path / "plain.parquet", use_dictionary=False)
    pq.write_table(few, tmp_path / "small.parquet", row_group_size=1000, data_page_version="2.0")
    frame = dd.read_parquet(tmp_path, split_row_groups=1)
    expected = frame.compute()
    assert len(expected) == 32_000
    for dropna in (True, False):
        how = {"value": ["sum", "count", "first"]}
        groups = frame[frame.value > 10].groupby("key", dropna=dropna).agg(how)
        assert "encoded [key]" in groups.explain()
        assert_frame_equal(groups.compute(), expected[expected.value > 10].groupby("key", dropna=dropna).agg(how))
    assert_series_equal(frame.groupby("value").key.first().compute(), expected.groupby("value").key.first())
    assert frame.key.nunique().compute() == expected.key.nunique()
    assert frame.key.max().compute() == expected.key.dropna().max()
    assert_series_equal(
        frame.key.value_counts().compute().sort_index(), expected.key.value_counts().sort_index(), check_index_type=False
    )


def test_a_damaged_dictionary_code_is_an_error(tmp_path):
    """Codes that point behind the dictionary: found by flipping each byte of the file in turn."""
    pq.write_table(pa.table({"key": ["a", "b", "a", "c"] * 8}), tmp_path / "good.parquet", compression="none")
    good = (tmp_path / "good.parquet").read_bytes()
    for place in range(4, len(good) - 8):
        damaged = bytearray(good)
        damaged[place] ^= 0xFF
        (tmp_path / "bad.parquet").write_bytes(bytes(damaged))
        try:
            counts = dd.read_parquet(tmp_path / "bad.parquet").groupby("key").size().compute()
        except (OSError, ValueError, TypeError, KeyError, MemoryError, NotImplementedError) as error:
            assert str(error)
        else:
            assert counts.sum() <= 32


@pytest.mark.parametrize("dtype", ["datetime64[us,]", "datetime64[us, ]", "datetime64[", "timestamp[]"])
def test_a_dtype_cut_short_is_an_error(tmp_path, dtype):
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "a.json").write_text('{"a": 1}\n')
    with pytest.raises((TypeError, ValueError)):
        dd.read_csv(tmp_path / "a.csv", dtype={"a": dtype}).compute()
    with pytest.raises((TypeError, ValueError)):
        dd.read_json(tmp_path / "a.json", dtype={"a": dtype}).compute()


def test_secrets_of_addresses_are_not_shown(tmp_path):
    address = "s3://key:sec/ret@bucket/x.csv"
    with pytest.raises((OSError, ValueError)) as error:
        dd.read_csv(address, storage_options={"endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"connect_timeout": 1}})
    assert "sec/ret" not in str(error.value) and "storage_options" in str(error.value)


@pytest.mark.parametrize("suffix", ["bz2", "xz", "zst", "lz4"])
def test_a_codec_that_is_not_there_is_an_error(tmp_path, suffix):
    """Plain text under such a name would be broken for everyone else, and so is compressed text that is read as plain."""
    place = tmp_path / f"a.csv.{suffix}"
    with pytest.raises(NotImplementedError, match=f"a.csv.{suffix}.*gzip"):
        dd.from_pandas(pd.DataFrame({"a": [1]}), npartitions=1).to_csv(place, single_file=True)
    assert not place.exists()
    place.write_text("a\n1\n")
    with pytest.raises(NotImplementedError, match=f"a.csv.{suffix}.*gzip"):
        dd.read_csv(place, blocksize=None)
    assert dd.read_csv(place, blocksize=None, compression=None).a.compute().tolist() == [1]
    place.write_text('{"a": 1}\n')
    assert dd.read_json(place, compression=None).a.compute().tolist() == [1]


def test_several_writes_in_one_compute(tmp_path):
    frame = dd.from_pandas(pd.DataFrame({"a": [1, 2, 3]}), npartitions=2)
    one = frame.to_parquet(str(tmp_path / "p"), compute=False)
    two = frame.to_csv(str(tmp_path / "c"), index=False, compute=False)
    total, first, reports = dd.compute(frame.a.sum(), one, [two])
    assert total == 6 and first["rows_written"] == 6 and reports == [first] and frame.last_report == first
    assert dd.read_parquet(str(tmp_path / "p")).a.compute().tolist() == [1, 2, 3]
    assert dd.read_csv(str(tmp_path / "c")).a.compute().tolist() == [1, 2, 3]


def test_json_keys_behind_the_sample_matter_where_records_are_wanted(tmp_path):
    place = tmp_path / "a.json"
    place.write_text('{"a": 1, "v": 2}\n' * 10 + '{"a": 1, "v": 2, "late": 1}\n')
    lazy = dd.read_json(place, sample=40)
    # What is computed of columns needs no others, even where they are all that were seen.
    assert lazy.groupby("a").v.sum().compute().to_dict() == {1: 22}
    assert (lazy.a + lazy.v).compute().sum() == 33
    assert lazy.v.compute().sum() == 22
    # What stands for whole records does not lose a key without a word.
    for whole in (lazy, lazy.assign(b=1), lazy.rename(columns={"a": "b"}), lazy[lazy.a == 1], lazy.assign(v=lazy.v * 2)):
        with pytest.raises(ValueError, match=r'line 11: .*"late"'):
            whole.compute()
    for of_all in (lazy.count(), lazy.sum(), lazy.groupby("a").count(), lazy.groupby("a").agg("sum")):
        with pytest.raises(ValueError, match=r'line 11: .*"late"'):
            of_all.compute()
    by_name, of_all = lazy.groupby("a").agg({"v": "sum"}), lazy.groupby("a").agg("sum")
    for both in ((by_name, of_all), (of_all, by_name)):
        with pytest.raises(ValueError, match=r'line 11: .*"late"'):
            dd.compute(*both)
    # Named columns are not all columns.
    assert lazy.groupby("a").agg({"v": "sum"}).compute().v.to_dict() == {1: 22}
    assert lazy.groupby("a")[["v"]].sum().compute().v.to_dict() == {1: 22}
    assert lazy[["v"]].sum().compute().v == 22
    with pytest.raises(ValueError, match=r'line 11: .*"late"'):
        lazy.map_partitions(lambda rows: rows)[["a"]].compute()


def test_files_of_other_kinds_beside_parquet(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "one.parquet")
    pd.DataFrame({"a": [2]}).to_parquet(tmp_path / "two.pq")
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "one.parquet.md5").write_text("0")
    assert sorted(dd.read_parquet(tmp_path).a.compute()) == [1, 2]
    (tmp_path / "old" / "THREE.PARQUET").write_bytes((tmp_path / "two.pq").read_bytes())
    assert sorted(dd.read_parquet(tmp_path).a.compute()) == [1, 2, 2]
    (tmp_path / "plain").mkdir()
    pd.DataFrame({"a": [3]}).to_parquet(tmp_path / "plain" / "part-0")
    assert dd.read_parquet(tmp_path / "plain").a.compute().tolist() == [3]


def test_a_name_that_is_too_long_is_said_so(tmp_path):
    frame = dd.from_pandas(pd.DataFrame({"k": ["x" * 300], "v": [1]}), npartitions=1)
    with pytest.raises(OSError, match="File name too long"):
        frame.to_parquet(str(tmp_path / "out"), partition_on="k")


def test_a_write_that_is_there_twice_runs_once(tmp_path):
    pd.DataFrame({"a": [0]}).to_parquet(tmp_path / "part.0.parquet")
    frame = dd.from_pandas(pd.DataFrame({"a": [1, 2, 3]}), npartitions=1)
    write = frame.to_parquet(str(tmp_path), append=True, write_index=False, compute=False)
    first, (second,), total = dd.compute(write, [write], frame.a.sum())
    assert first == second and first["rows_written"] == 3 and total == 6
    assert dd.read_parquet(str(tmp_path)).a.compute().tolist() == [0, 1, 2, 3]
    with pytest.raises(TypeError, match=r"compute\(\)"):
        dd.persist(write)


@pytest.mark.parametrize(("compression", "is_gzip"), [("infer", True), (None, False), ("gzip", True)])
def test_compression_of_written_text(tmp_path, compression, is_gzip):
    frame = dd.from_pandas(pd.DataFrame({"a": [1]}), npartitions=1)
    frame.to_csv(str(tmp_path / "x.csv.gz"), single_file=True, index=False, compression=compression)
    assert ((tmp_path / "x.csv.gz").read_bytes()[:2] == b"\x1f\x8b") == is_gzip
    frame.to_json(str(tmp_path / "j-*.json.gz"), compression=compression)
    assert ((tmp_path / "j-0.json.gz").read_bytes()[:2] == b"\x1f\x8b") == is_gzip
    frame.to_csv(str(tmp_path / "x.csv.bz2"), single_file=True, index=False, compression=None)
    assert (tmp_path / "x.csv.bz2").read_text() == "a\n1\n"


@pytest.mark.parametrize("key", ["_k", ".k", "__k__"])
def test_partition_columns_named_like_hidden_files(tmp_path, key):
    rows = pd.DataFrame({key: ["a", "b", "a"], "v": [1, 2, 3]})
    frame = dd.from_pandas(rows, npartitions=1)
    for _ in range(2):
        frame.to_parquet(str(tmp_path / "out"), partition_on=key, overwrite=True, write_index=False)
        assert sorted(dd.read_parquet(str(tmp_path / "out")).v.compute()) == [1, 2, 3]


def test_categories_whatever_the_width_of_their_codes(tmp_path):
    few = pd.DataFrame({"c": pd.Categorical(["x", "y", "x", None]), "v": [1, 2, 3, 4]})
    many = pd.DataFrame({"c": pd.Categorical([f"n{i}" for i in range(300)]), "v": range(300)})
    few.to_parquet(tmp_path / "0.parquet", index=False)  # int8 codes
    many.to_parquet(tmp_path / "1.parquet", index=False)  # int16
    both = dd.read_parquet([str(tmp_path / "0.parquet"), str(tmp_path / "1.parquet")])
    rows = pd.concat([few, many])
    expected = rows.assign(c=rows.c.astype(object)).groupby("c").v.sum()
    actual = both.groupby("c").v.sum().compute()
    assert actual.to_dict() == expected.to_dict()
    assert both.c.count().compute() == 303 and set(both.c.dropna().unique().compute()) == set(rows.c.dropna())
    alone = dd.read_parquet(str(tmp_path / "0.parquet"))
    assert alone.c.value_counts().compute().to_dict() == {"x": 2, "y": 1}
    assert alone.c.dtype == "category" and alone.compute().c.tolist()[:3] == ["x", "y", "x"]


def test_json_columns_are_written_to_csv_as_text(tmp_path):
    (tmp_path / "a.json").write_text('{"i": 1, "p": {"a": "x,y"}}\n{"i": 2, "p": {"b": [1]}}\n{"i": 3, "p": null}\n')
    dd.read_json(tmp_path / "a.json").to_csv(str(tmp_path / "a.csv"), single_file=True, index=False)
    written = pd.read_csv(tmp_path / "a.csv")
    assert [None if pd.isna(text) else json.loads(text) for text in written.p] == [{"a": "x,y"}, {"b": [1]}, None]
