"""The Arrow types of an Avro schema's fields, to build columns from Python records (Avro 1.11 specification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")


def arrow_schema(schema: Mapping[str, Any]) -> pa.Schema:
    """ValueError for a schema that is no record, or has unions of several types other than null."""
    if schema.get("type") != "record":
        raise ValueError(f"the Avro schema of a bag of dicts is a record, not {schema.get('type')!r}")
    return pa.schema([pa.field(field["name"], _type(field["type"])) for field in schema["fields"]])


def _type(schema: Any) -> pa.DataType:
    if isinstance(schema, list):
        kinds = [each for each in schema if each != "null"]
        if len(kinds) != 1:
            raise ValueError(f"Avro unions are read as one type or null, not {schema!r}")
        return _type(kinds[0])
    if isinstance(schema, str):
        if schema not in _primitive_types():
            raise ValueError(f"there is no Avro type {schema!r}; named types must be written out where they are used")
        return _primitive_types()[schema]
    logical = _logical_type(schema)
    return _complex_type(schema) if logical is None else logical


def _primitive_types() -> dict[str, pa.DataType]:
    return {
        "null": pa.null(), "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
        "double": pa.float64(), "bytes": pa.binary(), "string": pa.string(),
    }  # fmt: skip


def _logical_type(schema: Mapping[str, Any]) -> pa.DataType | None:
    name = schema.get("logicalType")
    if name == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    units = {"millis": "ms", "micros": "us", "nanos": "ns"}
    kind, _, unit = (name or "").rpartition("-")
    if kind == "timestamp" and unit in units:
        return pa.timestamp(units[unit], "UTC")
    if kind == "local-timestamp" and unit in units:
        return pa.timestamp(units[unit])
    if kind == "time" and unit in units:
        return pa.time32("ms") if unit == "millis" else pa.time64(units[unit])
    return pa.date32() if name == "date" else None


def _complex_type(schema: Mapping[str, Any]) -> pa.DataType:
    kind = schema["type"]
    if kind == "record":
        return pa.struct([pa.field(field["name"], _type(field["type"])) for field in schema["fields"]])
    if kind == "array":
        return pa.list_(_type(schema["items"]))
    if kind == "map":
        return pa.map_(pa.string(), _type(schema["values"]))
    if kind == "enum":
        return pa.string()
    if kind == "fixed":
        return pa.binary(schema["size"])
    return _type(kind)
