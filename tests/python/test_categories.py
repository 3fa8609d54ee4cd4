"""Columns of categories stay categories, against pandas."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.dataframe as dd


@pytest.fixture
def values() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "c": pd.Categorical(["x", None, "y", "x"], categories=["y", "x", "unused"]),
            "o": pd.Categorical(["lo", "hi", None, "hi"], categories=["lo", "mid", "hi"], ordered=True),
            "n": pd.Categorical([1, None, 3, 1]),
            "t": pd.Categorical(pd.to_datetime(["2020-01-01", None, "2020-01-03", None])),
            "s": ["x", "y", None, "y"],
            "new": ["new"] * 4,
            "i": [1, 2, 3, 4],
            "B": pd.array([True, None, False, True], dtype="boolean"),
        }
    )


PROGRAMS = [
    lambda df: df.c.astype("category"),
    lambda df: df.o.astype("category"),
    lambda df: df[["c", "n"]].astype("category"),
    lambda df: df.c.fillna("y"),
    lambda df: df.c.fillna("unused"),
    lambda df: df.c.fillna(df.s),
    lambda df: df.c.fillna(df.c),
    lambda df: df.o.fillna("mid"),
    lambda df: df.n.fillna(3),
    lambda df: df.t.fillna(pd.Timestamp("2020-01-03")),
    lambda df: df[["c", "i"]].fillna({"c": "x"}),
    lambda df: df.c.where(df.i > 1),
    lambda df: df.c.where(df.i > 1, "unused"),
    lambda df: df.c.where(df.B, "y"),
    lambda df: df.c.mask(df.B, "y"),
    lambda df: df.c.where(df.i > 1, df.c),
    lambda df: df.c.where(df.i > 5, df.s),
    lambda df: df.o.mask(df.i > 1, "mid"),
    lambda df: df[df.c.fillna("y") == "y"],
    lambda df: df.assign(c=df.c.fillna("y"), n=df.n.where(df.i > 2))[["c", "n", "i"]],
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_equals_pandas(values, program):
    expected, actual = program(values), program(dd.from_pandas(values, npartitions=2))
    if isinstance(expected, pd.DataFrame):
        assert_frame_equal(actual.compute(), expected)
    else:
        assert_series_equal(actual.compute(), expected, check_names=False)


@pytest.mark.parametrize(
    "program",
    [
        lambda df: df.c.fillna("new"),
        lambda df: df.o.fillna("new"),
        lambda df: df.n.fillna(9),
        lambda df: df.c.fillna(df.new),
        lambda df: df.c.where(df.i > 2, "new"),
        lambda df: df.c.mask(df.i > 2, "new"),
    ],
)
def test_a_new_category_is_refused(values, program):
    with pytest.raises(TypeError, match=r"new category|set the categories"):
        program(values)
    with pytest.raises(TypeError, match=r"new category.*astype\(str\)"):
        program(dd.from_pandas(values, npartitions=2)).compute()
    lazy = dd.from_pandas(values, npartitions=2)
    expected = values.c.astype(str).fillna("new").astype("category")
    assert_series_equal(lazy.c.astype(str).fillna("new").astype("category").compute(), expected)


def test_values_become_categories_that_are_found(values):
    lazy = dd.from_pandas(values, npartitions=2)
    assert_series_equal(lazy.s.astype(pd.CategoricalDtype()).compute(), values.s.astype(pd.CategoricalDtype()))
    for dtype in (pd.CategoricalDtype(["x"]), pd.CategoricalDtype(ordered=True)):
        with pytest.raises(NotImplementedError, match="map_partitions"):
            lazy.s.astype(dtype)


def test_categories_of_files(tmp_path, values):
    values[["c", "o", "i"]].to_parquet(tmp_path / "a.parquet", row_group_size=2)
    lazy, expected = dd.read_parquet(tmp_path / "a.parquet", split_row_groups=True), pd.read_parquet(tmp_path / "a.parquet")
    assert_series_equal(lazy.c.fillna("x").compute().astype(str).reset_index(drop=True), expected.c.fillna("x").astype(str))
    assert lazy.c.fillna("x").compute().dtype == "category"


def test_categories_of_csv_columns_are_what_the_values_are(tmp_path):
    (tmp_path / "x.csv").write_text("i,f,b,s,m\n1,1.5,True,x,1\n2,,False,1,\n1,2.5,True,,1\n")
    for dtype in ("category", {"i": "category", "f": "category", "b": "category", "s": "category"}):
        lazy, expected = (read(tmp_path / "x.csv", dtype=dtype) for read in (dd.read_csv, pd.read_csv))
        for name in ("i", "f", "b", "s"):
            assert_series_equal(lazy[name].compute(), expected[name])
        assert lazy[lazy.i == 1].b.compute().tolist() == [True, True]


@pytest.mark.parametrize("function", ["first", "last"])
def test_categories_of_groups_have_their_values(values, function):
    expected = getattr(values.groupby("s").c, function)()
    assert_series_equal(
        getattr(dd.from_pandas(values, npartitions=2).groupby("s").c, function)().compute(), expected.astype(str)
    )


@pytest.mark.parametrize("members", [[None], [True], [float("nan"), 30], [30, 1], [1.0], ["30"], [], [pd.NaT]], ids=str)
def test_isin_of_categories_of_numbers(members):
    frame = pd.DataFrame({"c": pd.Categorical([30, None, 1], categories=[1, 30])})
    lazy = dd.from_pandas(frame, npartitions=1)
    assert lazy.c.isin(members).compute().tolist() == frame.c.isin(members).tolist()
