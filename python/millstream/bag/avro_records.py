"""The records of Avro files, as fastavro.reader gives them, of the tables that the engine reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from millstream.bag.bag import CHUNK, Bag
from millstream.dataframe.convert import physical_names
from millstream.dataframe.frame import DataFrame

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")

Convert = Callable[[Any], Any]

_UNION_MEMBER = b"millstream.avro.union_member"
"""The mark of the engine's Avro reader, format/avro/arrow_type.h."""


def bag_of_records(frame: DataFrame) -> Bag:
    """The rows of a frame that was read from Avro files: integers stay integers beside nulls, which are None; maps are dicts,
    and values of unions the values themselves."""
    labels = frame._labels
    converts = [_conversion(column.type) for column in frame._columns]

    def decode(table: pa.Table) -> Iterator[Any]:
        if not labels:
            yield from ({} for _ in range(table.num_rows))
        for begin in range(0, table.num_rows, CHUNK):
            part = table.slice(begin, CHUNK)
            columns = [_objects(column, convert) for column, convert in zip(part.columns, converts, strict=True)]
            yield from (dict(zip(labels, row, strict=True)) for row in zip(*columns, strict=True))

    plan = frame._source.project(physical_names(labels), frame._columns)
    return Bag(plan, decode, frame=frame, same_values=not any(converts))


def _objects(column: pa.ChunkedArray, convert: Convert | None) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values if convert is None else [convert(value) for value in values]


def _conversion(type_: pa.DataType) -> Convert | None:
    """From what to_pylist gives to what fastavro gives; None where that is the same."""
    if pa.types.is_map(type_):
        return _map_conversion(_conversion(type_.item_type))
    if pa.types.is_list(type_):
        item = _conversion(type_.value_type)
        return None if item is None else lambda values: None if values is None else [item(value) for value in values]
    if not pa.types.is_struct(type_):
        return None
    fields = {field.name: _conversion(field.type) for field in type_}
    if _is_union(type_):
        return lambda members: _value_of_union(members, fields)
    return _record_conversion(fields) if any(fields.values()) else None


def _map_conversion(item: Convert | None) -> Convert:
    if item is None:
        return lambda pairs: None if pairs is None else dict(pairs)
    return lambda pairs: None if pairs is None else {key: item(value) for key, value in pairs}


def _record_conversion(fields: dict[str, Convert | None]) -> Convert:
    def convert(record: Any) -> Any:
        if record is None:
            return None
        pairs = ((record[name], field) for name, field in fields.items())
        return dict(zip(fields, (value if field is None else field(value) for value, field in pairs), strict=True))

    return convert


def _value_of_union(members: Any, fields: dict[str, Convert | None]) -> Any:
    for name, field in fields.items() if members is not None else ():
        value = members[name]
        if value is not None:
            return value if field is None else field(value)
    return None


def _is_union(type_: pa.StructType) -> bool:
    """Whether a struct stands for a union, with a member for each branch, of which one is not null."""
    return any(field.metadata is not None and _UNION_MEMBER in field.metadata for field in type_)
