"""Reductions, groupby and counting, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.dataframe as dd

FUNCTIONS = ["sum", "mean", "count", "min", "max", "var", "std", "nunique", "prod"]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("column", ["i", "f", "b"])
def test_series_reductions(check, function, column):
    if column == "b" and function in ("min", "max"):
        return  # tested as booleans below
    check(lambda df: getattr(df[column], function)())


@pytest.mark.parametrize("function", ["count", "min", "max", "nunique"])
@pytest.mark.parametrize("column", ["s", "t"])
def test_reductions_of_text_and_times(check, function, column):
    check(lambda df: getattr(df[column].dropna(), function)())


def test_reductions_with_options(check):
    check(lambda df: df.f.sum(skipna=False))
    check(lambda df: df.i.mean(skipna=False))
    check(lambda df: df.i.std(ddof=0))
    check(lambda df: df.f.sum(min_count=100))
    check(lambda df: df.s.nunique(dropna=False))
    check(lambda df: df.b.any())
    check(lambda df: df.b.all())
    check(lambda df: (df.i > 0).all())
    check(lambda df: df[df.i > 100].i.sum())
    check(lambda df: df[df.i > 100].f.mean())
    check(lambda df: df[df.i > 100].i.max())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_frame_reductions(check, function):
    check(lambda df: getattr(df[["i", "f"]], function)())


def test_more_frame_reductions(check):
    check(lambda df: df.count())
    check(lambda df: df.nunique())
    check(lambda df: df.isna().sum())
    check(lambda df: df.isnull().any())
    check(lambda df: df.sum(numeric_only=True))
    check(lambda df: df.mean(numeric_only=True))
    check(lambda df: df[["i", "j"]].sum() * 2 + 1)
    check(lambda df: df[["i", "j"]].sum(axis=1))
    check(lambda df: df[["i", "f"]].mean(axis=1))
    check(lambda df: df[["i", "f"]].max(axis=1))
    check(lambda df: df[["i", "f"]].count(axis=1))
    check(lambda df: df.isna().any(axis=1))
    check(lambda df: df[["i", "f"]].all(axis=1))
    check(lambda df: df[["i", "f"]].any(axis=1))
    check(lambda df: (df[["i", "f"]] * 0).any(axis=1))


@pytest.mark.parametrize("function", ["sum", "prod", "mean", "min", "max"])
def test_reductions_of_rows_with_options(check, function):
    check(lambda df: getattr(df[["i", "f"]], function)(axis=1, skipna=False))
    check(lambda df: getattr(df[["i", "j"]], function)(axis=1, skipna=False))
    check(lambda df: getattr(df[["i", "s", "f"]], function)(axis=1, numeric_only=True))
    if function in ("sum", "prod"):
        check(lambda df: getattr(df[["i", "f"]], function)(axis=1, min_count=2))


@pytest.mark.parametrize("function", [*FUNCTIONS, "any", "all"])
@pytest.mark.parametrize("labels", [["I", "i"], ["I", "F"], ["b", "B"], ["I", "f"], ["N", "i"]], ids=str)
def test_reductions_of_frames_with_nullable_types(frame, function, labels):
    values = frame.assign(
        I=frame.j.astype("Int64").where(frame.j > 1) + 2**60, F=frame.f.astype("Float64"), B=frame.b.astype("boolean"),
        N=pd.array([pd.NA] * len(frame), dtype="Int64"),
    )[labels]  # fmt: skip
    lazy = dd.from_pandas(values, npartitions=3)
    assert_series_equal(getattr(lazy, function)().compute(), getattr(values, function)())


def test_reductions_that_make_no_sense_are_refused(lazy):
    with pytest.raises(TypeError, match="'s'"):
        lazy.s.mean()
    with pytest.raises(TypeError, match="numeric_only"):
        lazy.std()
    with pytest.raises(TypeError, match="different types"):
        lazy.max()
    with pytest.raises(TypeError, match=r"int64, .*bool.*select_dtypes"):
        lazy.max(numeric_only=True)
    for reduce in (lazy.f.any, lazy.isna().all, lambda skipna: lazy.isna().any(axis=1, skipna=skipna)):
        with pytest.raises(NotImplementedError, match="skipna"):
            reduce(skipna=False)


def test_scalar_arithmetic(frame, lazy):
    assert (lazy.i.sum() / lazy.i.count()).compute() == pytest.approx(frame.i.mean())
    assert (lazy.i.max() - lazy.j.min() * 2).compute() == frame.i.max() - frame.j.min() * 2
    assert (1 - lazy.i.sum()).compute() == 1 - frame.i.sum()
    assert bool((lazy.i.sum() > 3).compute()) and abs(-lazy.i.sum()).compute() == frame.i.sum()
    assert type(lazy.i.sum().compute()) is type(frame.i.sum())
    with pytest.raises(ValueError, match="truth value"):
        bool(lazy.i.sum())


@pytest.mark.parametrize("function", [*FUNCTIONS, "first", "last"])
@pytest.mark.parametrize("by", ["k", ["k", "b"], "s", "i"])
def test_groupby_of_one_column(check, function, by):
    check(lambda df: getattr(df.groupby(by)["f"], function)())
    check(lambda df: getattr(df.groupby(by)["j"], function)())


@pytest.mark.parametrize("function", ["sum", "mean", "count", "min", "max", "first", "last", "nunique"])
def test_groupby_of_a_frame(check, function):
    check(lambda df: getattr(df[["k", "i", "f"]].groupby("k"), function)())
    check(lambda df: getattr(df.groupby("k")[["i", "f"]], function)())


AGGREGATIONS = [
    lambda df: df.groupby("k").agg({"i": "sum"}),
    lambda df: df.groupby("k").agg({"i": "sum", "f": "mean"}),
    lambda df: df.groupby("k").agg({"i": ["sum", "max"], "f": ["mean"]}),
    lambda df: df.groupby("k").agg({"i": ["sum"], "f": "count"}),
    lambda df: df.groupby(["k", "b"])[["i", "f"]].agg(["min", "max"]),
    lambda df: df[["k", "i"]].groupby("k").agg("sum"),
    lambda df: df.groupby("k").agg(total=("i", "sum"), largest=("f", "max")),
    lambda df: df.groupby("k").agg(total=pd.NamedAgg("i", "sum")),
    lambda df: df.groupby("k").i.agg("sum"),
    lambda df: df.groupby("k").i.agg(["sum", "mean"]),
    lambda df: df.groupby("k").i.agg(total="sum", n="count"),
    lambda df: df.groupby("k").agg({"s": "first", "t": "last"}),
    lambda df: df.groupby("k").agg({"i": "size"}),
    lambda df: df.groupby("k").size(),
    lambda df: df.groupby(["k", "s"]).size(),
    lambda df: df.groupby("s", dropna=False).i.sum(),
    lambda df: df.groupby("f", dropna=False).i.sum(),
    lambda df: df.groupby(df.i > 3).j.sum(),
    lambda df: df.groupby([df.i % 2, "k"]).j.sum(),
    lambda df: df.dropna(subset=["t"]).assign(y=lambda d: d.t.dt.year).groupby("y").i.count(),
    lambda df: df.i.groupby(df.k).sum(),
    lambda df: df.groupby("k").i.std(ddof=0),
    lambda df: df.groupby("k").agg({"i": "max", "j": "min"}).assign(r=lambda t: t.i - t.j)[["r"]],
    lambda df: df.groupby("k").i.sum() / df.groupby("k").i.count(),
    lambda df: df.groupby("k").agg({"i": ["sum", "max"]})["i"],
    lambda df: df.groupby("k").agg({"i": ["sum", "max"]})[("i", "max")],
    lambda df: df[df.i > 100].groupby("k").i.sum(),
    lambda df: df.groupby("t").i.sum(),
    lambda df: df.groupby("b").i.sum(),
]


@pytest.mark.parametrize("program", AGGREGATIONS)
def test_aggregations(check, program):
    check(program)


def test_groupby_without_sorting_has_the_same_rows(frame, lazy):
    actual = lazy.groupby("s", sort=False).i.sum().compute()
    assert_series_equal(actual.sort_index(), frame.groupby("s").i.sum())


def test_groups_of_categories_are_those_that_occur(frame):
    categories = frame.assign(k=frame.k.astype(pd.CategoricalDtype(["x", "y", "z"])))
    lazy = dd.from_pandas(categories, npartitions=2)
    assert lazy.groupby("k", observed=True).i.sum().compute().to_dict() == {"x": 20, "y": 11}
    for grouped in (lazy.groupby, lambda by, observed: lazy.i.groupby(lazy[by], observed=observed)):
        with pytest.raises(NotImplementedError, match="observed"):
            grouped("k", observed=False)


def test_names_of_columns_do_not_meet_those_of_aggregations(frame):
    named = frame[["k", "i", "j"]].set_axis(["key-0", "__key_0__", "sum(i)"], axis=1)
    actual = dd.from_pandas(named, npartitions=2).groupby("key-0").agg({"__key_0__": "sum", "sum(i)": "max"})
    assert_frame_equal(actual.compute(), named.groupby("key-0").agg({"__key_0__": "sum", "sum(i)": "max"}))
    by_number = dd.from_pandas(named, npartitions=2).groupby("__key_0__")["key-0"].count()
    assert_series_equal(by_number.compute(), named.groupby("__key_0__")["key-0"].count())


def test_groupby_gives_one_partition_or_as_many_as_asked(lazy):
    assert lazy.groupby("k").i.sum().npartitions == 1
    assert lazy.groupby("i").j.sum(split_out=3).npartitions == 3
    assert len(lazy.groupby("i").j.sum(split_out=3)) == lazy.i.nunique().compute()


def test_a_categorical_key(frame):
    frame["k"] = frame.k.astype("category")
    actual = dd.from_pandas(frame, npartitions=2).groupby("k").i.sum().compute()
    expected = frame.groupby("k", observed=True).i.sum()
    assert actual.tolist() == expected.tolist() and list(actual.index) == list(expected.index)


@pytest.mark.parametrize("seed", range(3))
def test_distinct_values_of_categorical_groups(tmp_path, seed):
    random = np.random.default_rng(seed)
    city = pd.Categorical(random.choice(["Oslo", "Rome", "Bern", "Kyiv", "Lima"], 20000))
    frame = pd.DataFrame({"city": city, "user": random.integers(0, 3000, 20000)})
    frame.to_csv(tmp_path / "users.csv", index=False)
    expected = frame.groupby("city", observed=True).user.agg(["nunique", "sum"])
    read = dd.read_csv(tmp_path / "users.csv", dtype={"city": "category"}, blocksize=100000)
    for lazy in (dd.from_pandas(frame, npartitions=2), read):
        actual = lazy.groupby("city").user.agg(["nunique", "sum"]).compute()
        assert actual["nunique"].to_dict() == expected["nunique"].to_dict()
        assert actual["sum"].to_dict() == expected["sum"].to_dict()


def test_unknown_aggregations_are_refused(lazy):
    with pytest.raises(NotImplementedError, match="median"):
        lazy.groupby("k").agg({"i": "median"})
    with pytest.raises(TypeError, match="agg needs"):
        lazy.groupby("k").agg()
    with pytest.raises(TypeError, match="'s'"):
        lazy.groupby("k").s.mean()
    with pytest.raises(ValueError, match="at least one key"):
        lazy.groupby([])


def test_value_counts(frame, lazy):
    assert_series_equal(lazy.k.value_counts().compute(), frame.k.value_counts())
    assert_series_equal(lazy.k.value_counts(normalize=True).compute(), frame.k.value_counts(normalize=True))
    assert_series_equal(lazy.k.value_counts(ascending=True).compute(), frame.k.value_counts(ascending=True))
    counts = lazy.s.value_counts(dropna=False).compute()
    assert counts.sort_index().tolist() == frame.s.value_counts(dropna=False).sort_index().tolist()


def test_unique(frame, lazy):
    assert sorted(lazy.k.unique().compute()) == ["x", "y"]
    assert set(lazy.i.unique().compute()) == set(frame.i)
    assert lazy.s.unique().compute().isna().sum() == 1


def test_aggregations_of_the_same_rows_run_together(frame, lazy):
    both = lazy.groupby("k").i.sum() + lazy.groupby("k").j.max()
    assert_series_equal(both.compute(), frame.groupby("k").i.sum() + frame.groupby("k").j.max())
    assert both.explain(optimized=False).count("Aggregate") == 1


def test_many_groups():
    frame = pd.DataFrame({"k": [i % 1000 for i in range(5000)], "v": range(5000)})
    lazy = dd.from_pandas(frame, npartitions=7)
    assert_frame_equal(lazy.groupby("k").agg(["sum", "min"]).compute(), frame.groupby("k").agg(["sum", "min"]))


def test_values_that_are_all_missing():
    frame = pd.DataFrame({"n": [None, None], "k": ["a", "b"]})
    lazy = dd.from_pandas(frame, npartitions=2)
    for function in ("sum", "prod", "count", "nunique", "any", "all"):
        assert getattr(lazy.n, function)().compute() == getattr(frame.n, function)(), function
    for function in ("mean", "var"):
        assert pd.isna(getattr(lazy.n, function)().compute()), function


@pytest.mark.parametrize("function", ["any", "all"])
def test_truth_of_text_and_of_groups(check, function):
    check(lambda df: getattr(df.s.dropna(), function)())
    check(lambda df: getattr(df.groupby("k").b, function)())
    check(lambda df: getattr(df.groupby("k")[["b", "i", "s"]], function)())
    check(lambda df: getattr(df.groupby("k").f, function)())


def test_sizes_of_one_column_keep_its_name(check):
    check(lambda df: df.groupby("k").f.size())
    check(lambda df: df.f.groupby(df.k).size())


def test_groups_that_are_used_twice_in_one_plan():
    frame = pd.DataFrame({"k": [i % 2500 for i in range(10_000)], "v": range(10_000)})
    groups = dd.from_pandas(frame, npartitions=3).groupby("k").agg({"v": "sum"}).reset_index()
    expected = frame.groupby("k").agg({"v": "sum"}).reset_index()
    twice = dd.concat([groups, groups[groups.k > 2000], groups])
    assert_frame_equal(
        twice.compute().reset_index(drop=True),
        pd.concat([expected, expected[expected.k > 2000], expected]).reset_index(drop=True),
    )
    total = (groups.v.sum() + groups.k.sum()).compute()
    assert total == expected.v.sum() + expected.k.sum()


def test_nested_values_are_counted(tmp_path):
    lists = pa.array([[1, 2], None, [], [3]], pa.list_(pa.int64()))
    structs = pa.array([{"x": 1}, {"x": None}, None, None], pa.struct([("x", pa.int64())]))
    pq.write_table(pa.table({"k": [1, 1, 2, 2], "n": lists, "s": structs, "v": [1, None, 3, 4]}), tmp_path / "nested.parquet")
    lazy, frame = dd.read_parquet(tmp_path / "nested.parquet"), pd.read_parquet(tmp_path / "nested.parquet")
    assert_series_equal(lazy.count().compute(), frame.count())
    assert lazy.s.count().compute() == 2
    assert_frame_equal(lazy.groupby("k").count().compute(), frame.groupby("k").count())
