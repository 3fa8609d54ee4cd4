"""pandas' nullable types: values and NA come back as they went in, and operators keep them, against pandas."""

from __future__ import annotations

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
    lambda df: df.J.isna(),
    lambda df: df.J.fillna(0),
    lambda df: df.J.dropna(),
    lambda df: df.J.where(df.B),
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
