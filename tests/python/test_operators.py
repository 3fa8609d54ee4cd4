"""Operators and element-wise methods, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

import millstream.dataframe as dd

ARITHMETIC = [
    lambda df: df.i + df.j,
    lambda df: df.i - 1,
    lambda df: 10 - df.i,
    lambda df: df.i * 2.5,
    lambda df: df.i / df.j,
    lambda df: 1 / df.j,
    lambda df: df.i // df.j,
    lambda df: df.i % df.j,
    lambda df: -7 // df.j,
    lambda df: -7 % df.j,
    lambda df: df.i**2,
    lambda df: 2.0**df.f,
    lambda df: -df.f,
    lambda df: +df.i,
    lambda df: abs(df.f),
    lambda df: df.f.abs(),
    lambda df: df.s + "!",
    lambda df: "<" + df.s,
    lambda df: df.s + df.k,
    lambda df: df.i.add(df.f, fill_value=0),
    lambda df: df.f.add(df.f.where(df.i > 3), fill_value=10),
    lambda df: df[["f"]].mul(df[["f"]].mask(df.i == 9), fill_value=2),
    lambda df: df.f.rsub(1, fill_value=0),
    lambda df: df.i.rsub(1),
    lambda df: df.f.floordiv(0.5),
    lambda df: df.t - pd.Timestamp("2013-01-01"),
    lambda df: df.t + pd.Timedelta(days=1),
    lambda df: df[["i", "f"]] + 1,
    lambda df: 2 * df[["i", "j"]] - df[["i", "j"]],
    lambda df: df.f.round(),
    lambda df: df.f.round(1),
    lambda df: df[["i", "f"]].round(1),
    lambda df: (df.i * 7).round(-1),
    lambda df: (df[["i", "f"]] * 7).round(-1),
]
COMPARISONS = [
    lambda df: df.i > 3,
    lambda df: 3 >= df.i,  # noqa: SIM300
    lambda df: df.i == df.j,
    lambda df: df.f != 1.5,
    lambda df: df.f < 1,
    lambda df: ~(df.f < 1),
    lambda df: df.s == "a",
    lambda df: df.s != "a",
    lambda df: df.s <= "b",
    lambda df: df.t > "2013-01-06",
    lambda df: df.t <= pd.Timestamp("2013-01-06"),
    lambda df: df.b & (df.i > 2),
    lambda df: df.b | (df.f > 2),
    lambda df: df.b ^ True,
    lambda df: ~df.b,
    lambda df: df.i.eq(1),
    lambda df: df.i.between(2, 5),
    lambda df: df.f.between(0, 2, inclusive="left"),
    lambda df: df.s.isin(["a", "c"]),
    lambda df: df.i.isin([1, 9, 100]),
    lambda df: df.f.isin([1.5, None]),
    lambda df: df.f.isin([1.5, float("nan")]),
    lambda df: df.s.isin(["a", None]),
    lambda df: df.t.isin([pd.Timestamp("2013-01-06"), pd.NaT]),
    lambda df: df.i.isin([1, None]),
    lambda df: df[["i", "j"]] > 2,
]
MISSING = [
    lambda df: df.f.isna(),
    lambda df: df.s.notnull(),
    lambda df: df.isna(),
    lambda df: df.f.fillna(0),
    lambda df: df.s.fillna("none"),
    lambda df: df.f.fillna(df.i),
    lambda df: df.t.fillna(pd.Timestamp("2000-01-01")),
    lambda df: df[["f", "s"]].fillna({"f": -1.0, "s": "?"}),
    lambda df: df.dropna(),
    lambda df: df.dropna(subset=["f"]),
    lambda df: df.dropna(subset=["f", "s"], how="all"),
    lambda df: df.dropna(thresh=6),
    lambda df: df.f.dropna(),
    lambda df: df.f.where(df.f > 0),
    lambda df: df.f.where(df.i > 2, 0.0),
    lambda df: df.i.mask(df.b, 0),
    lambda df: df.f.clip(0, 2),
]
CASTS = [
    lambda df: df.i.astype("float64"),
    lambda df: df.i.astype("int32"),
    lambda df: df.b.astype(int),
    lambda df: df.i.astype(str),
    lambda df: df.i.astype(bool),
    lambda df: df[["i", "j"]].astype({"j": "float32"}),
    lambda df: df.i.astype("float64").astype("int64"),
]


@pytest.mark.parametrize("program", [*ARITHMETIC, *COMPARISONS, *MISSING, *CASTS])
def test_equals_pandas(check, program):
    check(program)


def test_a_category_has_the_same_values(frame, lazy):
    whole = dd.from_pandas(frame, npartitions=1)
    for column in ("s", "i", "f", "t"):
        assert_series_equal(whole[column].astype("category").compute(), frame[column].astype("category"))
    assert list(lazy.k.astype("category").compute()) == list(frame.k)
    assert lazy.k.astype("category").compute().dtype == "category"


def test_operands_keep_the_name_they_share(lazy):
    assert (lazy.i + 1).name == "i"
    assert (lazy.i + lazy.i).name == "i"
    assert (lazy.i + lazy.j).name is None


def test_a_lazy_scalar_is_an_operand(check):
    check(lambda df: df.i - df.i.mean())
    check(lambda df: df.i > df.j.max() - 5)
    check(lambda df: df.assign(share=df.i / df.i.sum()))


def test_large_expressions_stay_small(frame, lazy):
    expected, actual = frame.i, lazy.i
    for _ in range(12):  # doubles each time: 4,096 terms written out
        expected, actual = expected + expected, actual + actual
    assert_series_equal(actual.compute(), expected)


def test_rows_of_different_frames_do_not_combine(frame, lazy):
    other = dd.from_pandas(frame, npartitions=3)
    with pytest.raises(ValueError, match="different"):
        lazy.i + other.i
    with pytest.raises(ValueError, match="different"):
        lazy[lazy.i > 2].i + lazy.j


def test_frames_filtered_alike_combine(check):
    check(lambda df: df[df.i > 2].i + df[df.i > 2].j)


def test_what_is_no_operand_is_refused(lazy):
    with pytest.raises(TypeError, match="list"):
        lazy.i + [1, 2]  # noqa: RUF005
    with pytest.raises(ValueError, match="truth value"):
        bool(lazy.i > 1)
    with pytest.raises(ValueError, match="inclusive"):
        lazy.i.between(1, 2, inclusive="some")
    with pytest.raises(TypeError):
        lazy.i.isin("abc")


INTS = st.lists(st.one_of(st.integers(-(2**31), 2**31), st.none()), min_size=1, max_size=20)
FLOATS = st.lists(st.one_of(st.floats(-1e6, 1e6), st.none(), st.just(float("nan"))), min_size=1, max_size=20)
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


@pytest.mark.parametrize("operator", OPERATORS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_operators_on_any_numbers(operator, data):
    values = data.draw(st.one_of(INTS, FLOATS))
    other = data.draw(st.one_of(st.integers(-1000, 1000), st.floats(-1e3, 1e3)))
    series = pd.Series(values, dtype="float64", name="x")
    if series.notna().all() and all(isinstance(value, int) for value in values):
        series = series.astype("int64")
    with np.errstate(all="ignore"):
        expected = OPERATORS[operator](series, other)
    actual = OPERATORS[operator](dd.from_pandas(series, npartitions=2), other).compute()
    assert_series_equal(actual, expected, check_dtype=operator not in ("//", "%"))


FRACTIONS = pd.Series([1.5, float("nan"), 0.0, 1.0], name="f")
POWERS = [
    lambda s: s**0,
    lambda s: 1**s,
    lambda s: True**s,
    lambda s: s**2,
    lambda s: s ** (s * 0),
]


@pytest.mark.parametrize("program", POWERS)
def test_powers_of_missing_values(program):
    assert_series_equal(program(dd.from_pandas(FRACTIONS, npartitions=2)).compute(), program(FRACTIONS), check_names=False)


def test_casts_that_pandas_refuses():
    frame = pd.DataFrame({"u": np.array([2**64 - 1], "u8"), "f": [1.5], "t": pd.to_datetime(["2024-01-01"])})
    lazy = dd.from_pandas(frame, npartitions=1)
    for column, target in (("u", "Int64"), ("u", "Int8"), ("f", "Int64"), ("f", "boolean")):
        for df in (frame, lazy):
            with pytest.raises(TypeError):
                df[column].astype(target).compute() if df is lazy else df[column].astype(target)
    zoned = lazy.t.dt.tz_localize("Europe/Berlin")
    with pytest.raises(TypeError, match="zone"):
        zoned.astype("datetime64[ns]")
    with pytest.raises(TypeError):
        frame.t.dt.tz_localize("Europe/Berlin").astype("datetime64[ns]")


def test_casts_to_coarser_units_round_down():
    times = pd.Series(pd.to_datetime(["1969-12-31 23:59:59.999", "1960-01-01 00:00:00.5", "2024-01-01"], format="ISO8601"))
    spans = pd.Series(pd.to_timedelta([-1500, 1500], unit="ms"))
    assert_series_equal(dd.from_pandas(times, npartitions=1).astype("datetime64[s]").compute(), times.astype("datetime64[s]"))
    assert_series_equal(dd.from_pandas(spans, npartitions=1).astype("timedelta64[s]").compute(), spans.astype("timedelta64[s]"))


def test_both_zeros_are_one_category():
    series = pd.Series([-0.0, 0.0, 1.0, None])
    actual = dd.from_pandas(series, npartitions=1).astype("category").compute()
    assert actual.cat.categories.tolist() == [0.0, 1.0] and actual.isna().tolist() == [False, False, False, True]


def test_as_objects_values_stay_what_they_are(frame, lazy):
    for column in ("i", "f", "s"):
        assert_series_equal(lazy[column].astype(object).compute(), frame[column].astype(object), check_dtype=False)


def test_seconds_are_those_of_the_clock():
    """Offsets of long ago have seconds."""
    texts = ["1800-01-01 10:20:30", "1890-05-05 01:02:03", "2020-06-01 05:06:07"]
    frame = pd.DataFrame({"t": pd.to_datetime(texts).tz_localize("Europe/Berlin")})
    assert dd.from_pandas(frame, npartitions=1).t.dt.second.compute().tolist() == frame.t.dt.second.tolist() == [30, 3, 7]


def test_large_unsigned_integers_keep_their_digits():
    large = pd.Series([2**53 + 1, 2**64 - 1], dtype="uint64", name="u")
    lazy = dd.from_pandas(large.to_frame(), npartitions=1).u
    assert lazy.clip(lower=-1, upper=2**63).compute().tolist() == [2**53 + 1, 2**63]
    assert lazy.clip(lower=2**60).compute().tolist() == [2**60, 2**64 - 1]
    assert lazy.where(lazy > 2**60, 0).compute().tolist() == [0, 2**64 - 1]
    for lossy in (
        lambda: lazy.where(lazy > 0, -1),
        lambda: lazy.mask(lazy > 0, -1),
        lambda: lazy.fillna(-1),
        lambda: lazy.clip(upper=-1),
    ):
        with pytest.raises(TypeError, match="-1 does not fit among uint64"):
            lossy()
