"""What pandas wrote to Parquet reads as it was: labels and index; and damaged notes."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import millstream.dataframe as dd

LABELS = [
    [0, 1], [10, -2], [1.5, 2.0], [True], ["0", "1"], [0, "a"], [("a", 1), ("b", 2)], [("a", "b"), ("a", "c")],
    list(pd.to_datetime(["2020-01-01", "2020-06-01"])), ["('a', 1)", "b"],
    list(pd.to_datetime(["2020-01-01", "2020-06-01"]).tz_localize("Europe/Berlin")),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_labels(tmp_path, labels):
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame([[1, 2][: len(labels)], [3, 4][: len(labels)]], columns=labels)
    frame.to_parquet(path)
    expected = pd.read_parquet(path)
    assert_frame_equal(dd.read_parquet(path).compute(), expected)
    assert_frame_equal(dd.read_parquet(path)._meta, expected.iloc[:0])


def test_columns_and_filters_take_the_names_in_the_file(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({0: [1, 2], 1: [3, 4]}).to_parquet(path)
    keywords = {"columns": ["1"], "filters": [("0", ">", 1)]}
    assert_frame_equal(dd.read_parquet(path, **keywords).compute(), pd.read_parquet(path, **keywords))
    assert dd.read_parquet(path, columns="1").name == 1


def test_types_of_columns_whose_labels_are_numbers(tmp_path):
    path = tmp_path / "a.parquet"
    expected = pd.DataFrame({0: pd.array([2**53 + 1, None], "Int64")})
    expected.to_parquet(path)
    assert_frame_equal(dd.read_parquet(path).compute(), expected)


RANGES = [
    pd.RangeIndex(3),
    pd.RangeIndex(10, 13),
    pd.RangeIndex(10, 4, -2),
    pd.RangeIndex(3, name="n"),
    pd.RangeIndex(5, 8, name="n"),
]


@pytest.mark.parametrize("index", RANGES, ids=str)
def test_range_index_of_a_file(tmp_path, index):
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    frame.to_parquet(path)
    for program in (lambda df: df, lambda df: df[df.a > 1], lambda df: df[["a"]].head(2), lambda df: df.reset_index()):
        actual = program(dd.read_parquet(path))
        actual = actual if isinstance(actual, pd.DataFrame) else actual.compute()
        assert_frame_equal(actual, program(frame), check_index_type=False)
    filters = [("a", ">", 1)]
    assert_frame_equal(
        dd.read_parquet(path, filters=filters).compute(), pd.read_parquet(path, filters=filters), check_index_type=False
    )


def test_the_usual_range_index_counts_within_partitions(tmp_path):
    pd.DataFrame({"a": [1, 2, 3]}).to_parquet(tmp_path / "a.parquet", row_group_size=2)
    assert dd.read_parquet(tmp_path / "a.parquet", split_row_groups=True).compute().index.tolist() == [0, 1, 0]


@pytest.mark.parametrize("index", RANGES[1:], ids=str)
def test_range_index_of_a_file_in_several_partitions(tmp_path, index):
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    frame.to_parquet(path, row_group_size=2)
    split = dd.read_parquet(path, split_row_groups=True)
    assert split.npartitions == 2
    assert_frame_equal(split.compute(), frame)
    assert_frame_equal(split[split.a > 1].compute(), frame[frame.a > 1])
    assert_frame_equal(split.reset_index().compute().reset_index(drop=True), frame.reset_index())
    assert_frame_equal(split.partitions[1].compute(), frame.iloc[2:])
    assert_frame_equal(split.tail(1), frame.iloc[2:])
    split.to_parquet(tmp_path / "out", write_index=True)
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), frame)


def test_range_index_beside_hive_columns_and_other_queries(tmp_path):
    (tmp_path / "year=2020").mkdir()
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(10, 13, name="n"))
    frame.to_parquet(tmp_path / "year=2020" / "a.parquet", row_group_size=2)
    split = dd.read_parquet(tmp_path, split_row_groups=True)
    assert_frame_equal(split.compute(), frame.assign(year=2020))
    assert split[split.a > 1].a.sum().compute() == 5
    assert "RowIndex" not in split.a.sum().explain()  # nobody asks for the index


def test_columns_without_a_value_in_the_first_file_have_the_type_of_the_next(tmp_path):
    parts = [pd.DataFrame({"a": [i], "b": [b], "c": [None]}) for i, b in enumerate([None, None, "x"])]
    for i, part in enumerate(parts):
        part.to_parquet(tmp_path / f"{i}.parquet")
    actual = dd.read_parquet(tmp_path)
    assert_frame_equal(actual.compute().reset_index(drop=True), pd.concat(parts, ignore_index=True).astype({"b": "str"}))
    assert actual[actual.b == "x"].a.compute().tolist() == [2]


def test_range_index_of_several_files_keeps_its_name(tmp_path):
    for i in range(2):
        frame = pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 12, name="n"))
        frame.to_parquet(tmp_path / f"{i}.parquet")
    expected = pd.DataFrame({"a": [1, 2, 1, 2]}, index=pd.Index([0, 1, 0, 1], name="n"))
    assert_frame_equal(dd.read_parquet(tmp_path).compute(), expected)


def test_range_index_of_other_rows_is_not_followed(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.Table.from_pandas(pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(10, 13)))
    pq.write_table(table.slice(1), path)  # pyarrow keeps the note
    assert_frame_equal(dd.read_parquet(path).compute(), pd.read_parquet(path))


@pytest.mark.parametrize("write_index", [True, False])
def test_labels_that_are_numbers_survive_writing(tmp_path, write_index):
    expected = pd.DataFrame({0: [1, 2, 3], 1: ["a", None, "b"]}, index=pd.Index([4, 5, 6], name="key"))
    dd.from_pandas(expected, npartitions=1).to_parquet(tmp_path / "out", write_index=write_index)
    expected = expected if write_index else expected.reset_index(drop=True)
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
    assert_frame_equal(dd.read_parquet(tmp_path / "out").compute(), expected)


def test_notes_are_of_what_is_written_not_of_what_was_read(tmp_path):
    pd.DataFrame({0: [1, 2, 3], 1: [4, 5, 6]}, index=pd.RangeIndex(10, 13)).to_parquet(tmp_path / "in.parquet")
    changed = dd.read_parquet(tmp_path / "in.parquet").rename(columns={0: "zero", 1: "1"}).reset_index(drop=True)
    changed.to_parquet(tmp_path / "out")
    expected = pd.DataFrame({"zero": [1, 2, 3], "1": [4, 5, 6]})
    assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
    assert_frame_equal(dd.read_parquet(tmp_path / "out").compute(), expected)


DAMAGED = [
    b"{",
    b"\xff\xfe",
    b"[1]",
    b'{"columns": 3}',
    b'{"columns": [1]}',
    b'{"index_columns": [{"kind": "range"}]}',
    b'{"index_columns": [["a"]]}',
    b'{"column_indexes": [{"pandas_type": "datetimetz", "metadata": null}]}',
]


@pytest.mark.parametrize("note", DAMAGED, ids=str)
def test_damaged_notes_name_the_file(tmp_path, note):
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({b"pandas": note}), path)
    with pytest.raises(ValueError, match=r"damaged\.parquet: what pandas noted"):
        dd.read_parquet(path)


PASSED_OVER = [
    b"null",
    b'{"columns": [], "index_columns": ["gone"], "column_indexes": []}',
    b'{"columns": [{"name": "a"}], "column_indexes": [{"pandas_type": "datetimetz", "metadata": {"timezone": "No/Where"}}]}',
]


@pytest.mark.parametrize("note", PASSED_OVER, ids=str)
def test_notes_that_say_nothing_are_passed_over(tmp_path, note):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({b"pandas": note}), path)
    assert dd.read_parquet(path).compute().to_dict("list") == {"a": [1]}


def test_a_range_among_several_levels_is_not_lost_silently(tmp_path):
    index = [pd.Index([1, 1, 2], name="x"), pd.RangeIndex(3, name="y")]
    pd.DataFrame({"v": [1, 2, 3]}, index=index).to_parquet(tmp_path / "levels.parquet")
    with pytest.raises(NotImplementedError, match="index=False"):
        dd.read_parquet(tmp_path / "levels.parquet")
    assert dd.read_parquet(tmp_path / "levels.parquet", index=False).v.compute().tolist() == [1, 2, 3]
