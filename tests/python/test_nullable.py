"""pandas' nullable types: values and NA come back as they went in, and operators keep them, against pandas."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.dataframe as dd


@pytest.fixture
def values() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "I": pd.array([2**62 + 1, None, -3, 4], dtype="Int64"),
            "J": pd.array([1, 2, None, 4], dtype="Int64"),
            "U": pd.array([2**64 - 1, None, 0, 1], dtype="UInt64"),
            "S": pd.array([1, None, -128, 127], dtype="Int8"),
            "F": pd.array([1.5, None, -2.0, 0.0], dtype="Float64"),
            "B": pd.array([True, None, False, True], dtype="boolean"),
            "C": pd.array([None, True, None, False], dtype="boolean"),
            "k": ["a", "b", "a", "b"],
        }
    )


PROGRAMS = [
    lambda df: df,
    lambda df: df.I,
    lambda df: df[["U", "B"]],
    lambda df: df[df.J > 1],
    lambda df: df.J + 1,
    lambda df: df.J - df.S,
    lambda df: df.J / 2,
    lambda df: df.J // 2,
    lambda df: df.J * 1.5,
    lambda df: df.J + df.F,
    lambda df: -df.J,
    lambda df: df.S.abs() + 0,
    lambda df: df.J**2,
    lambda df: df.J > 1,
    lambda df: df.J == df.S,
    lambda df: df.J != 1,
    lambda df: ~(df.J > 1),
    lambda df: df.B & df.C,
    lambda df: df.B | df.C,
    lambda df: df.B ^ df.C,
    lambda df: df.B & True,
    lambda df: df.J.between(1, 3),
    lambda df: df[~(df.J > 1)],
    lambda df: df.J.isin([1, 4]),
    lambda df: ~df.J,
    lambda df: ~df.U,
    lambda df: df.J & df.S,
    lambda df: df.J | 2,
    lambda df: 5 ^ df.S,
    lambda df: df.J & pd.NA,
    lambda df: df.J.astype("boolean"),
    lambda df: df.F.astype("boolean"),
    lambda df: df.F.dropna().astype(bool),
    lambda df: df.B.fillna(True).astype("bool"),
    lambda df: df.J.isna(),
    lambda df: df.J.fillna(0),
    lambda df: df.J.dropna(),
    lambda df: df.J.where(df.B),
    lambda df: df.J.where(df.B, 0),
    lambda df: df.J.mask(df.B, 0),
    lambda df: df.J.mask(df.J > 1),
    lambda df: df.J.clip(2, 3),
    lambda df: df[["J", "F"]].clip(0, 1),
    lambda df: df.J.astype("Int32"),
    lambda df: df.F.astype("float64"),
    lambda df: df.J.fillna(7).astype("int64"),
    lambda df: df.k.str.len().astype("Int64"),
    lambda df: df.J.map(lambda value: value),
    lambda df: df.assign(n=df.J * 2)[["n", "k"]],
    lambda df: df[["J", "k"]].groupby("k").sum(),
    lambda df: df.groupby("k")[["J", "F", "B"]].agg(["min", "max", "first", "count", "nunique"]),
    lambda df: df.groupby("k")[["J", "F", "B"]].mean(),
    lambda df: df.groupby("k").B.sum(),
    lambda df: df.groupby("k")[["J", "B"]].any(),
    lambda df: df.groupby("J").U.sum(),
    lambda df: df.groupby(["J", "B"], dropna=False).S.count(),
    lambda df: df.J.sum(),
    lambda df: df.B.sum(),
    lambda df: df.J.mean(),
    lambda df: df.I.max(),
    lambda df: df.dtypes,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_equals_pandas(values, program):
    expected, actual = program(values), program(dd.from_pandas(values, npartitions=2))
    actual = actual.compute() if hasattr(actual, "compute") else actual
    if isinstance(expected, pd.DataFrame):
        assert_frame_equal(actual, expected)
    elif isinstance(expected, pd.Series):
        assert_series_equal(actual, expected, check_names=False)
    else:
        assert actual == expected


def test_the_types_survive_everything_that_keeps_columns(values):
    lazy = dd.from_pandas(values, npartitions=2)
    assert_frame_equal(lazy.persist().compute(), values)
    assert_frame_equal(lazy.head(4, npartitions=-1), values)
    assert_frame_equal(lazy.repartition(npartitions=1).compute(), values)
    assert_frame_equal(lazy.map_partitions(lambda df: df).compute(), values)
    assert_frame_equal(
        lazy.assign(n=lazy.map_partitions(lambda df: df.J + 1, meta=("n", "Int64"))).compute(), values.assign(n=values.J + 1)
    )
    assert_frame_equal(lazy._meta, values.iloc[:0])
    assert_frame_equal(
        dd.concat([lazy[["J", "S"]], lazy[["J"]].rename(columns={"J": "S"})]).compute(),
        pd.concat([values[["J", "S"]], values[["J"]].rename(columns={"J": "S"})]),
    )
    indexed = values.set_index("J").sort_index()
    assert_frame_equal(dd.from_pandas(indexed, npartitions=1, sort=False).compute(), indexed)
    assert lazy.J.unique().compute().dtype == "Int64"
    assert_series_equal(lazy.S.value_counts().compute().sort_index(), values.S.value_counts().sort_index())


def test_the_types_survive_parquet(tmp_path, values):
    lazy = dd.from_pandas(values, npartitions=2)
    for name, keywords in (("with", {}), ("without", {"write_index": False})):
        lazy.to_parquet(tmp_path / name, **keywords)
        assert_frame_equal(dd.read_parquet(tmp_path / name).compute().reset_index(drop=True), values)
        assert_frame_equal(pd.read_parquet(tmp_path / name).reset_index(drop=True), values)
    values.to_parquet(tmp_path / "pandas.parquet")
    assert_frame_equal(dd.read_parquet(tmp_path / "pandas.parquet").compute(), values)


def test_missing_values_do_not_fit_numpys_types(values):
    with pytest.raises(ValueError, match="Int64"):
        dd.from_pandas(values, npartitions=1).J.astype("int64").compute()


NUMBERS = "a,b,f,t\n9007199254740993,1,1.5,True\n,2,,\n3,3,0.5,False\n"  # the first is no float64
DTYPES = [
    {"a": "Int64", "t": "boolean"},
    {"a": pd.Int64Dtype(), "b": "Int8", "f": "Float32", "t": "boolean"},
    {"a": "UInt64", "b": "Float64", "t": pd.BooleanDtype()},
    {"f": pd.Float64Dtype(), "t": "boolean"},
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_csv_is_read_in_the_types_asked_for(tmp_path, dtype):
    path = tmp_path / "numbers.csv"
    path.write_text(NUMBERS)
    lazy, expected = dd.read_csv(path, dtype=dtype, blocksize=20), pd.read_csv(path, dtype=dtype)
    assert lazy.npartitions > 1
    assert_series_equal(lazy.dtypes, expected.dtypes)
    assert_frame_equal(lazy._meta, expected.iloc[:0])
    assert_frame_equal(lazy.compute().reset_index(drop=True), expected)


@pytest.mark.parametrize("dtype", ["Int64", pd.Int64Dtype(), "Float64"], ids=str)
def test_one_type_for_all_columns(tmp_path, dtype):
    csv, ndjson = tmp_path / "numbers.csv", tmp_path / "numbers.ndjson"
    csv.write_text("a,b\n9007199254740993,1\n,2\n")
    ndjson.write_text('{"a": 9007199254740993, "b": 1}\n{"a": null, "b": 2}\n')
    expected = pd.read_csv(csv, dtype=dtype)
    for lazy in (dd.read_csv(csv, dtype=dtype), dd.read_json(ndjson, dtype=dtype)):
        assert_series_equal(lazy.dtypes, expected.dtypes)
        assert_frame_equal(lazy.compute(), expected)


def test_columns_without_names_are_read_in_the_types_asked_for(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("9007199254740993,1\n,2\n")
    dtype = {0: "Int64"}
    assert_frame_equal(dd.read_csv(path, header=None, dtype=dtype).compute(), pd.read_csv(path, header=None, dtype=dtype))


def test_json_is_read_in_the_types_asked_for(tmp_path):
    path = tmp_path / "numbers.ndjson"
    path.write_text('{"a": 9007199254740993, "f": 1.5, "t": true}\n{"a": null, "f": null, "t": null}\n')
    dtype = {"a": pd.Int64Dtype(), "f": "Float64", "t": "boolean"}
    expected = pd.DataFrame(  # pandas' read_json goes through float64
        {"a": pd.array([9007199254740993, None], "Int64"), "f": pd.array([1.5, None], "Float64"), "t": pd.array([True, None])}
    )
    assert_frame_equal(dd.read_json(path, dtype=dtype).compute(), expected)
    assert_series_equal(dd.read_json(path, dtype=dtype).dtypes, expected.dtypes)


OF_ARROW = [  # a type of Arrow, the nullable type that has its values, and such values
    ("int64[pyarrow]", "Int64", [2**53 + 1, None]),
    ("uint8[pyarrow]", "UInt8", [255, None]),
    ("double[pyarrow]", "Float64", [1.5, None]),
    ("float[pyarrow]", "Float32", [0.5, None]),
    ("bool[pyarrow]", "boolean", [True, None]),
]


@pytest.mark.parametrize(("arrow", "nullable", "values"), OF_ARROW)
def test_types_of_arrow_keep_their_values(tmp_path, arrow, nullable, values):
    given = pd.DataFrame({"a": pd.array(values, dtype=arrow)})
    expected = pd.DataFrame({"a": pd.array(values, dtype=nullable)})
    given.to_parquet(tmp_path / "a.parquet")
    given.to_csv(tmp_path / "a.csv", index=False, na_rep="NA")
    for lazy in (
        dd.from_pandas(given, npartitions=2),
        dd.from_pandas(expected, npartitions=2).astype(arrow),
        dd.read_parquet(tmp_path / "a.parquet"),
        dd.read_csv(tmp_path / "a.csv", dtype={"a": arrow}),
        dd.read_csv(tmp_path / "a.csv", dtype={"a": given.a.dtype}),
    ):
        assert_series_equal(lazy.dtypes, expected.dtypes)
        assert_frame_equal(lazy.compute(), expected)


GAPS = [None, pd.NA, pd.NaT, float("nan"), np.float64("nan")]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: f"{type(gap).__name__}")
@pytest.mark.parametrize("column", ["J", "F", "B"])
def test_comparing_with_what_is_missing(values, column, gap, compare):
    lazy = dd.from_pandas(values, npartitions=2)
    for program in (
        lambda df: compare(df[column], gap),
        lambda df: df[compare(df[column], gap)].k,
        lambda df: compare(gap, df[column]),
    ):
        try:
            expected = program(values)
        except TypeError:
            with pytest.raises(TypeError):
                program(lazy)
        else:
            assert_series_equal(program(lazy).compute(), expected, check_names=False)


MEMBERS = [
    [1, np.nan], [1, pd.NA], [1, None], [pd.NaT], [np.nan], [None], [pd.NA], [True, pd.NA], [1.5, pd.NA], ["a", pd.NA],
    pd.Series([1.5, None]), pd.Series([1, None], dtype="Int64"), pd.Series([True, None], dtype="boolean"),
]  # fmt: skip


@pytest.mark.parametrize("members", MEMBERS, ids=repr)
@pytest.mark.parametrize("column", ["J", "F", "B", "U"])
def test_isin_finds_na_only(values, column, members):
    lazy = dd.from_pandas(values, npartitions=2)
    assert_series_equal(lazy[column].isin(members).compute(), values[column].isin(members))


@pytest.mark.parametrize("column", ["J", "F", "B", "U"])
def test_missing_values_are_no_booleans(values, column):
    for program in (lambda df: df[column].astype(bool), lambda df: df.astype({column: "bool"})):
        with pytest.raises(ValueError):
            program(values)
        with pytest.raises(ValueError, match="fillna"):
            program(dd.from_pandas(values, npartitions=2)).compute()


def test_integers_and_booleans_do_not_mix_bit_by_bit(values):
    lazy = dd.from_pandas(values, npartitions=1)
    for program in (lambda: lazy.J & lazy.B, lambda: lazy.B | 2, lambda: lazy.J ^ True):
        with pytest.raises(TypeError, match=r"!= 0.*astype"):
            program()


def test_numbers_of_numpy_on_the_left_leave_a_column_lazy(values):
    lazy = dd.from_pandas(values, npartitions=2)
    assert_series_equal((np.float64(2) * lazy.J).compute(), np.float64(2) * values.J)
    assert_series_equal((np.int64(1) < lazy.J).compute(), np.int64(1) < values.J)
    with pytest.raises(TypeError, match="ndarray"):
        np.array([1, 2, 3, 4]) * lazy.J
