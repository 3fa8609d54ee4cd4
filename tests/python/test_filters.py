"""`filters=` of read_parquet where values are missing, against pandas."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import millstream.dataframe as dd

VALUES = {"I": 1, "f": 1.0, "s": "a", "t": pd.Timestamp("2020-01-01"), "b": True, "i": 1, "c": "a"}


@pytest.fixture
def gaps(tmp_path):
    path = tmp_path / "gaps.parquet"
    times = pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-04"])
    pd.DataFrame(
        {
            "k": range(4),
            "I": pd.array([1, None, 3, 4], dtype="Int64"),
            "f": [1.0, None, 3.0, 4.0],
            "s": ["a", None, "c", "d"],
            "t": times,
            "b": pd.array([True, None, False, True], dtype="boolean"),
            "i": [1, 2, 3, 4],
            "c": pd.Categorical(["a", None, "b", "c"]),
        }
    ).to_parquet(path)
    return path


@pytest.mark.parametrize("name", ["==", "!=", "in", "not in"])
@pytest.mark.parametrize("column", VALUES)
def test_filters_and_missing_values(gaps, column, name):
    value = VALUES[column]
    for operand in ([value], [value, None]) if "in" in name else (value,):
        filters = [(column, name, operand)]
        expected = pd.read_parquet(gaps, filters=filters)
        assert dd.read_parquet(gaps, filters=filters).k.compute().tolist() == expected.k.tolist()


def test_alternatives_of_filters_and_missing_values(gaps):
    filters = [[("I", "!=", 1), ("f", "!=", 3.0)], [("s", "not in", ["c"]), ("k", "<", 2)]]
    assert dd.read_parquet(gaps, filters=filters).k.compute().tolist() == pd.read_parquet(gaps, filters=filters).k.tolist()


@pytest.mark.parametrize("name", ["in", "not in"])
@pytest.mark.parametrize(("column", "value"), [("i", 5), ("s", "ab"), ("t", "2020-01-01"), ("t", pd.Timestamp("2020-01-01"))])
def test_filters_by_membership_take_lists(gaps, column, name, value):
    with pytest.raises(TypeError, match=re.escape(f"write ({column!r}, {name!r}, [{value!r}])")):
        dd.read_parquet(gaps, filters=[(column, name, value)])
    expected = pd.read_parquet(gaps, filters=[(column, name, [value])]).k.tolist()
    for members in ([value], (value,), {value}, pd.Series([value])):
        assert dd.read_parquet(gaps, filters=[(column, name, members)]).k.compute().tolist() == expected


@pytest.mark.parametrize("operator", ["~", ["in"], None])
def test_filters_know_their_operators(gaps, operator):
    with pytest.raises(ValueError, match="one of the operators ==, =, !="):
        dd.read_parquet(gaps, filters=[("i", operator, [1])])


@pytest.mark.parametrize("name", ["==", "!=", "<"])
def test_filters_compare_with_values(gaps, name):
    with pytest.raises(ValueError, match=r"'is', None"):
        dd.read_parquet(gaps, filters=[("s", name, None)])
