"""What the tests of the Python API share: sample frames, and comparing with pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

import millstream.dataframe as dd


def assert_same(actual: Any, expected: Any, **options: Any) -> None:
    """Equal values, types, index and names."""
    if isinstance(expected, pd.DataFrame):
        assert_frame_equal(actual, expected, **options)
    elif isinstance(expected, pd.Series):
        assert_series_equal(actual, expected, **options)
    elif isinstance(expected, pd.Index):
        assert_index_equal(actual, expected, exact="equiv")
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, nan_ok=True)
    else:
        assert actual == expected
        assert type(actual) is type(expected) or isinstance(expected, (bool, int, str))


@pytest.fixture
def frame() -> pd.DataFrame:
    """Columns of every kind, with missing values where their types have them."""
    return pd.DataFrame(
        {
            "i": [3, 1, 4, 1, 5, 9, 2, 6],
            "j": [2, 7, 1, 8, 2, 8, 1, 8],
            "f": [1.5, None, 2.25, -3.0, 0.0, 8.5, None, 1.0],
            "s": ["b", "a", None, "c", "a", "b", "", "a"],
            "k": ["x", "y", "x", "y", "x", "y", "x", "x"],
            "b": [True, False, True, True, False, False, True, False],
            "t": pd.to_datetime(
                [
                    "2013-01-01 15:11:48",
                    "2013-01-06",
                    "2013-02-28 23:59:59",
                    None,
                    "2016-02-29",
                    "2020-12-31",
                    "1969-07-20",
                    "2013-01-01",
                ],
                format="ISO8601",
            ),
        }
    )


@pytest.fixture
def lazy(frame: pd.DataFrame) -> dd.DataFrame:
    """The same in three partitions."""
    result: dd.DataFrame = dd.from_pandas(frame, npartitions=3)
    return result


@pytest.fixture
def check(frame: pd.DataFrame, lazy: dd.DataFrame) -> Callable[..., None]:
    """`check(lambda df: ...)`: the same program on pandas and on Millstream gives the same."""

    def run(program: Callable[[Any], Any], **options: Any) -> None:
        expected, actual = program(frame), program(lazy)
        assert_same(actual.compute() if hasattr(actual, "compute") else actual, expected, **options)

    return run


@pytest.fixture
def gharchive_program():
    """A user's program for GH Archive, written for Dask: a function from the addresses of hours to the cleaned frame."""

    def program(addresses):
        df = dd.read_json(addresses, compression="gzip")
        cols = df.columns

        def clean_record(record):
            r = {
                "repo": record[cols.get_loc("repo")],
                "repo_name": record[cols.get_loc("repo")]["name"],
                "type": record[cols.get_loc("type")],
                "id": record[cols.get_loc("id")],
                "created_at": record[cols.get_loc("created_at")],
                "payload": record[cols.get_loc("payload")],
            }
            return r

        cleaned_up_bag = df.to_bag().map(clean_record)
        return cleaned_up_bag.to_dataframe()

    return program
