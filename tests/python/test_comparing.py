"""What compares with what, and how: numbers of any size, missing values, times, zeros; against pandas."""

from __future__ import annotations

import datetime
import operator
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_series_equal

import millstream.dataframe as dd

ORDERS = [operator.lt, operator.le, operator.gt, operator.ge]
ALL = [operator.eq, operator.ne, *ORDERS]


@pytest.fixture
def values() -> pd.DataFrame:
    times = pd.to_datetime(["1900-02-28", None, "2020-01-01 12:00"], format="ISO8601")
    return pd.DataFrame(
        {
            "i": [2**63 - 1, -(2**63), 0],
            "i8": np.array([1, -1, 5], "i1"),
            "u": np.array([2**63, 2**64 - 1, 0], "u8"),
            "f": [-0.0, None, 0.0],
            "b": [True, False, True],
            "s": ["a", None, ""],
            "t": times,
            "z": times.tz_localize("Europe/Berlin"),
            "d": pd.to_timedelta([1, None, -3], unit="s"),
        }
    )


def same(program, values):
    lazy = dd.from_pandas(values, npartitions=2)
    try:
        expected = program(values)
    except TypeError:
        with pytest.raises(TypeError):
            program(lazy)
        return
    assert_series_equal(program(lazy).compute(), expected, check_names=False)


@pytest.mark.parametrize("compare", ALL)
def test_signed_and_unsigned_columns(values, compare):
    same(lambda df: compare(df.i, df.u), values)
    same(lambda df: compare(df.u, df.i), values)
    same(lambda df: compare(df.i8, df.u), values)


@pytest.mark.parametrize("compare", ALL)
@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, 2**70, -(2**63) - 1, -(2**70), 10**400, 0, -1])
@pytest.mark.parametrize("column", ["i", "i8", "u"])
def test_integers_of_any_size(values, column, number, compare):
    same(lambda df: compare(df[column], number), values)
    same(lambda df: compare(number, df[column]), values)


@pytest.mark.parametrize("number", [2**64, 2**70, -(2**70), 10**30, 10**400, -(10**400)])
def test_floats_and_integers_of_any_size(number):
    frame = pd.DataFrame({"f": [1, 2.0**64, 2.0**70, -(2.0**70), 1e30, float("inf"), -float("inf"), None]})
    lazy = dd.from_pandas(frame, npartitions=2)
    as_float = float(number) if abs(number) < 10**300 else float("inf") * (1 if number > 0 else -1)
    for compare in ALL:  # numpy refuses integers that no float holds
        assert compare(lazy.f, number).compute().tolist() == compare(frame.f, as_float).tolist()
    assert lazy.f.isin([number]).compute().tolist() == [value == number for value in frame.f.tolist()]
    if abs(number) < 10**300:
        assert lazy.f.clip(0, abs(number)).compute().equals(frame.f.clip(0, abs(as_float)))


@pytest.mark.parametrize("number", [2**53, 2**53 + 1, 2**63 + 1, 2**64 - 1, 16777217, 10**20, 10**400])
def test_floats_are_in_a_list_of_integers_that_they_equal(number):
    frame = pd.DataFrame(
        {"f": [2.0**53, 2.0**63, 2.0**64, 16777216.0, 1e20], "f4": np.array([2**53, 1, 1e20, 16777216, 0], "f4")}
    )
    lazy = dd.from_pandas(frame, npartitions=1)
    for label in frame:
        expected = [int(value) == number for value in frame[label].tolist()]
        assert lazy[label].isin([number]).compute().tolist() == expected
        if number < 10**400:
            assert frame[label].isin([number]).tolist() == expected


def test_decimals_and_integers_of_any_size():
    values = [Decimal(2**64), Decimal("2.5"), Decimal(3)]
    lazy = dd.from_pandas(pd.DataFrame({"x": pd.Series(values, dtype=pd.ArrowDtype(pa.decimal128(30, 2)))}), npartitions=1)
    for number in (2**64, 2**64 + 1, 3, 10**80, -(10**80)):
        assert lazy.x.isin([number]).compute().tolist() == [value == number for value in values]
        for compare in ALL:
            assert compare(lazy.x, number).compute().tolist() == [compare(value, number) for value in values]


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**70)])
def test_dividing_integers_of_any_size(values, number):
    same(lambda df: df.i / number, values)
    same(lambda df: number / df.f, values)


def test_integers_that_do_not_fit_are_refused_with_advice(values):
    lazy = dd.from_pandas(values, npartitions=1)
    with pytest.raises(OverflowError, match="float"):
        lazy.i + 2**70


@pytest.mark.parametrize("compare", ALL)
@pytest.mark.parametrize("missing", [None, pd.NA, pd.NaT, float("nan"), np.float32("nan"), Decimal("NaN")])
@pytest.mark.parametrize("column", ["i", "f", "s", "t", "z", "d"])
def test_missing_operands(values, column, missing, compare):
    if missing is pd.NA and column in ("t", "z", "d") and compare in (operator.eq, operator.ne):
        return  # pandas gives NA for them, and False for all else
    same(lambda df: compare(df[column], missing), values)


@pytest.mark.parametrize("compare", ALL)
@pytest.mark.parametrize(
    "time",
    [
        "1900-02-28",
        pd.Timestamp("1900-02-28"),
        datetime.datetime(1900, 2, 28),
        np.datetime64("1900-02-28"),
        datetime.date(1900, 2, 28),
        pd.Timestamp("1900-02-28", tz="Europe/Berlin"),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        5,
    ],
)
@pytest.mark.parametrize("column", ["t", "z"])
def test_times_compare_with_times_of_their_kind(values, column, time, compare):
    same(lambda df: compare(df[column], time), values)
    same(lambda df: compare(time, df[column]) if not isinstance(time, (pd.Timestamp, np.datetime64)) else df.b, values)


@pytest.mark.parametrize("compare", ALL)
@pytest.mark.parametrize("span", ["1s", pd.Timedelta(seconds=1), datetime.timedelta(seconds=-3), np.timedelta64(1, "s"), 1])
def test_durations_compare_with_durations(values, span, compare):
    same(lambda df: compare(df.d, span), values)


MEMBERS = [
    [0], [0.0], [-0.0], [1], [True], [2**63 - 1], [2**63], [2**64 - 1], [2**70, 0], [-(2**70)], [1.5, "a"], ["a", None],
    [float("nan")], [None], [pd.NaT], [pd.NA], ["1900-02-28"], [datetime.date(1900, 2, 28)],
    [datetime.datetime(1900, 2, 28)], [pd.Timestamp("1900-02-28"), None], [np.datetime64("1900-02-28")],
    [pd.Timestamp("1900-02-28", tz="Europe/Berlin")], ["1s"], [pd.Timedelta(seconds=1)], [datetime.timedelta(seconds=-3)], [],
]  # fmt: skip


@pytest.mark.parametrize("members", MEMBERS, ids=str)
@pytest.mark.parametrize("column", ["i", "u", "f", "b", "s", "t", "z", "d"])
def test_isin(values, column, members):
    try:
        values[column].isin(members)
    except (OverflowError, TypeError):
        return  # pandas refuses text beside long integers or NumPy's times
    same(lambda df: df[column].isin(members), values)


@pytest.mark.parametrize("missing", [np.datetime64("NaT", "s"), np.timedelta64("NaT", "s"), np.float32("nan"), Decimal("NaN")])
def test_nullable_numbers_beside_missing_values_of_other_kinds(missing):
    numbers = pd.DataFrame({"I": pd.array([1, None], "Int64"), "f": [1.0, None]})
    same(lambda df: df.I.eq(missing), numbers)
    same(lambda df: df.I.ne(missing), numbers)
    same(lambda df: df.I.isin([missing]), numbers)
    same(lambda df: df.f.isin([missing]), numbers)


def test_categories_compare_by_their_values_only_where_pandas_does():
    kinds = pd.Categorical(["lo", "hi", None], categories=["lo", "mid", "hi"], ordered=True)
    lazy = dd.from_pandas(pd.DataFrame({"o": kinds, "c": pd.Categorical(["b", "a", None])}), npartitions=1)
    assert (lazy.o == "hi").compute().tolist() == [False, True, False]
    with pytest.raises(NotImplementedError, match="order"):
        lazy.o < "hi"  # noqa: B015
    with pytest.raises(TypeError, match="unordered"):
        lazy.c < "b"  # noqa: B015
    for refused, error in (
        (lambda: lazy.o.min(), NotImplementedError),
        (lambda: lazy.groupby("c").o.max(), NotImplementedError),
        (lambda: lazy.groupby("o"), NotImplementedError),
        (lambda: lazy.c.max(), TypeError),
        (lambda: lazy.groupby("o", sort=False).c.min(), TypeError),
    ):
        with pytest.raises(error, match="order"):
            refused()
    assert sorted(lazy.groupby("o", sort=False).size().compute().tolist()) == [1, 1]


def test_long_lists_of_members_are_quick():
    numbers = dd.from_pandas(pd.DataFrame({"i": range(10), "s": [str(i) for i in range(10)]}), npartitions=2)
    begin = time.monotonic()
    assert numbers.i.isin(list(range(5, 200_000))).compute().sum() == 5
    assert numbers.s.isin([str(i) for i in range(5, 200_000)]).compute().sum() == 5
    assert time.monotonic() - begin < 30


def test_decimals_of_other_precision_and_integers(tmp_path):
    one, other = [Decimal("2.50"), None, Decimal("3.00")], [Decimal("2.500"), Decimal(1), Decimal(3)]
    table = pa.table({"d": pa.array(one, pa.decimal128(10, 2)), "e": pa.array(other, pa.decimal128(12, 3)), "i": [2, 3, 3]})
    pq.write_table(table, tmp_path / "decimals.parquet")
    lazy, frame = dd.read_parquet(tmp_path / "decimals.parquet"), table.to_pandas()
    for compare in (operator.eq, operator.ne):
        for value in (Decimal("2.5"), Decimal("2.50000"), Decimal("1e30"), 3):
            assert compare(lazy.d, value).compute().tolist() == compare(frame.d, value).tolist(), value
        assert compare(lazy.d, lazy.e).compute().tolist() == compare(frame.d, frame.e).tolist()
        assert compare(lazy.e, lazy.i).compute().tolist() == compare(frame.e, frame.i).tolist()
    assert (lazy.d < Decimal("2.75")).compute().tolist() == [True, False, False]
    assert (lazy.e >= lazy.d).compute().tolist() == [True, False, True]
    assert (lazy.d > 2).compute().tolist() == [True, False, True]
    assert lazy.d.isin([3, Decimal("2.5")]).compute().tolist() == [True, False, True]
    assert lazy.d.isin([2**62]).compute().tolist() == [False] * 3
    filtered = dd.read_parquet(tmp_path / "decimals.parquet", filters=[("d", "==", Decimal("2.5"))])
    assert filtered.i.compute().tolist() == [2]


def test_decimals_of_many_digits_and_integers(tmp_path):
    numbers = [Decimal(1), Decimal("1.5"), None]
    table = pa.table({"d": pa.array(numbers, pa.decimal256(76, 60)), "i": [1, 2, 3]})
    pq.write_table(table, tmp_path / "decimals.parquet")
    lazy = dd.read_parquet(tmp_path / "decimals.parquet")
    assert (lazy.d == 1).compute().tolist() == [True, False, False]
    assert (lazy.d != 1).compute().tolist() == [False, True, True]
    assert (lazy.d > 1).compute().tolist() == [False, True, False]
    assert lazy.d.isin([1, 2]).compute().tolist() == [True, False, False]
    # A column of integers may have 20 digits, and no decimal has 80.
    with pytest.raises(TypeError, match="76 digits"):
        (lazy.d == lazy.i).compute()
