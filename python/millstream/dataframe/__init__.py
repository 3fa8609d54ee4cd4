"""Dask's DataFrame API: `import millstream.dataframe as dd`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from millstream.dataframe.absent import no_attribute
from millstream.dataframe.concat import concat
from millstream.dataframe.execute import Lazy, compute_all
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.index import Index
from millstream.dataframe.io_memory import from_dict, from_map, from_pandas
from millstream.dataframe.io_read import read_avro, read_csv, read_json, read_parquet, read_table, to_datetime
from millstream.dataframe.scalar import Scalar
from millstream.dataframe.series import Series


def compute(*args: Any, traverse: bool = True, **kwargs: Any) -> tuple[Any, ...]:
    """The values of all arguments, and of what is lazy in their lists, tuples, sets and dicts (unless traverse=False), from one
    run that shares their common work; what is not lazy is given back as it is."""
    lazies: list[Lazy] = []
    _replace_lazies(args, traverse, lambda lazy: lazies.append(lazy))
    values = iter(compute_all(lazies)) if lazies else iter(())
    computed: tuple[Any, ...] = tuple(_replace_lazies(arg, traverse, lambda _: next(values)) for arg in args)
    return computed


def _replace_lazies(value: Any, deep: bool, new: Callable[[Lazy], Any]) -> Any:
    """`value` with new(lazy) for what is lazy in it, from left to right."""
    if isinstance(value, Lazy):
        return new(value)
    if deep and type(value) in (list, tuple, set):
        return type(value)([_replace_lazies(item, deep, new) for item in value])
    if deep and type(value) is dict:
        return {key: _replace_lazies(item, deep, new) for key, item in value.items()}
    return value


def persist(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """Each argument with its partitions in memory. What has no partitions, such as a write that is to come, is a TypeError."""
    return tuple(_persisted(arg) if isinstance(arg, Lazy) else arg for arg in args)


def _persisted(lazy: Any) -> Any:
    if not hasattr(lazy, "persist"):
        raise TypeError(f"{type(lazy).__name__} cannot be kept in memory: run it with compute()")
    return lazy.persist()


def map_partitions(func: Any, *args: Any, **kwargs: Any) -> Any:
    """`func` on each partition of the first argument."""
    return args[0].map_partitions(func, *args[1:], **kwargs)


def to_parquet(df: DataFrame, path: Any, **kwargs: Any) -> Any:
    return df.to_parquet(path, **kwargs)


def to_csv(df: DataFrame, filename: Any, **kwargs: Any) -> Any:
    return df.to_csv(filename, **kwargs)


def to_json(df: DataFrame, url_path: Any, **kwargs: Any) -> Any:
    return df.to_json(url_path, **kwargs)


def to_avro(df: DataFrame, filename: Any, **kwargs: Any) -> Any:
    return df.to_avro(filename, **kwargs)


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name)


__all__ = [
    "DataFrame", "Index", "Scalar", "Series", "compute", "concat", "from_dict", "from_map", "from_pandas",
    "map_partitions", "persist", "read_avro", "read_csv", "read_json", "read_parquet", "read_table", "to_avro", "to_csv",
    "to_datetime", "to_json", "to_parquet",
]  # fmt: skip
