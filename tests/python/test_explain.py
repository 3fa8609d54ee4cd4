"""What the optimizer does is visible in the plan: only what is needed is read."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import millstream.dataframe as dd


@pytest.fixture
def stored(tmp_path) -> str:
    frame = pd.DataFrame({"id": range(1000), "fare": [i / 4 for i in range(1000)], "year": [2012 + i % 3 for i in range(1000)]})
    dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "trips", partition_on="year", write_index=False)
    dd.from_pandas(frame, npartitions=1).to_csv(tmp_path / "trips.csv", index=False, single_file=True)
    return str(tmp_path)


def scan_line(text: str) -> str:
    (line,) = [line for line in text.splitlines() if "Scan" in line]
    return line


def test_columns(stored):
    assert "[fare; 1 of 3 columns]" in scan_line(dd.read_csv(f"{stored}/trips.csv").fare.sum().explain())
    assert "[id; 1 of 3 columns]" in scan_line(dd.read_parquet(f"{stored}/trips")[["id"]].explain())
    assert "of 3 columns" not in scan_line(dd.read_csv(f"{stored}/trips.csv").fare.sum().explain(optimized=False))


def test_filters(stored):
    trips = dd.read_csv(f"{stored}/trips.csv")
    kept = trips[trips.fare > 3].id.sum()
    assert "filter (fare > 3)" in scan_line(kept.explain()) and ", filter" not in scan_line(kept.explain(optimized=False))
    write = trips[trips.fare > 3].to_parquet(f"{stored}/never", compute=False)
    assert "filter (fare > 3)" in scan_line(write.explain())


def test_hive_partitions_that_do_not_match_are_not_read(stored):
    trips = dd.read_parquet(f"{stored}/trips")
    one, all_years = trips[trips.year == 2013].groupby("id").fare.sum(), trips.groupby("id").fare.sum()
    assert "filter (year == 2013)" in scan_line(one.explain())
    assert len(one.compute()) == 333 and len(all_years.compute()) == 1000
    assert one.last_report["bytes_read"] < all_years.last_report["bytes_read"] / 2
    assert one.last_report["rows_in"] == 333


def test_filters_of_read_parquet(stored):
    few = dd.read_parquet(f"{stored}/trips", filters=[("year", "==", 2013), ("id", "<", 10)])
    assert "filter ((year == 2013) & (id < 10))" in scan_line(few.explain())
    expected = pd.read_parquet(f"{stored}/trips", filters=[("year", "==", 2013), ("id", "<", 10)])
    assert_frame_equal(few.compute(), expected, check_dtype=False, check_categorical=False)
    assert few.last_report["rows_in"] == 333


def test_hive_partitions_and_row_groups_are_skipped_below_the_default_index(stored, tmp_path):
    """The rows that are left keep the numbers they had."""
    trips = dd.read_parquet(f"{stored}/trips")
    everything = trips.compute()
    one = trips[trips.year == 2013]
    assert_frame_equal(one.compute(), everything[everything.year == 2013])
    assert one.last_report["rows_in"] == 333
    pd.DataFrame({"x": range(10_000)}).to_parquet(tmp_path / "groups.parquet", row_group_size=1000)
    rows = dd.read_parquet(tmp_path / "groups.parquet")
    for some, count in ((rows[rows.x == 5500], 1000), (rows[(rows.x < 500) | (rows.x >= 9500)], 2000),
                        (rows[rows.x.isin([1500, 7500])], 2000)):  # fmt: skip
        assert (some.compute().index == some.x.compute()).all()
        assert some.last_report["rows_in"] == count
    assert rows.compute().index.tolist() == list(range(10_000))


def test_columns_that_are_only_counted_are_not_decoded(tmp_path):
    rows = pd.DataFrame({
        "key": ["a", "b", "c"] * 400, "n": range(1200), "f": [1.0, None, 2.0] * 400, "s": ["x"] * 1199 + [None],
        "i": pd.array([1, 2, None] + [3] * 1197, dtype="Int64"), "t": pd.Timestamp("2024-01-01"),
    })  # fmt: skip
    rows.to_parquet(tmp_path / "a.parquet", row_group_size=100, index=False)
    stored = dd.read_parquet(tmp_path / "a.parquet")
    for counts in (
        lambda frame: frame.groupby("key")[["n", "f", "s", "i", "t"]].count(),
        lambda frame: frame.count(),
        lambda frame: frame[frame.n > 150].groupby("key").agg({"n": ["sum", "count"], "s": "count", "i": "count"}),
        lambda frame: frame.groupby("s", dropna=False).agg({"s": "count", "i": "count"}),
    ):
        plain, ours = counts(rows), counts(stored).compute()
        assert ours.astype(object).equals(plain.astype(object)), (ours, plain)
    count, total = stored.groupby("key").n.count(), stored.groupby("key").n.sum()
    assert "counted [n]" in scan_line(count.explain()) and "counted" not in scan_line(total.explain())
    count.compute(), total.compute()
    assert count.last_report["bytes_read"] < total.last_report["bytes_read"]


def test_limits(stored):
    head = dd.read_csv(f"{stored}/trips.csv").head(3, compute=False)
    assert scan_line(head.explain()).endswith("limit 3")


def test_what_each_operator_did(stored):
    trips = dd.read_csv(f"{stored}/trips.csv")
    kept = trips[trips.fare > 3][["id"]]
    text = kept.explain(analyze=True)
    assert "(rows 1000, " in scan_line(text) and "read 1" in scan_line(text)
    (line,) = [line for line in text.splitlines() if "Filter" in line]
    assert "(rows 987, " in line
    assert kept.last_report["status"] == "ok" and kept.analyze().startswith("stage 0")
