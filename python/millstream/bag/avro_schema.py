"""The Arrow types of an Avro schema's fields, to build columns from Python records (Avro 1.11 specification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")


Named = dict[str, "pa.DataType"]


def arrow_schema(schema: Mapping[str, Any]) -> pa.Schema:
    """ValueError for a schema that is no record, or has unions of several types other than numbers and null."""
    if schema.get("type") != "record":
        raise ValueError(f"the Avro schema of a bag of dicts is a record, not {schema.get('type')!r}")
    named: Named = {}
    return pa.schema([pa.field(field["name"], _type(field["type"], named)) for field in schema["fields"]])


def defaults(schema: Mapping[str, Any], target: pa.Schema) -> dict[str, Any]:
    """The values of fields that records may lack, `target` being `schema` in Arrow.

    In Avro's JSON, bytes are the text with these code points.
    """
    found = {field["name"]: field["default"] for field in schema["fields"] if "default" in field}
    is_bytes = (pa.types.is_binary, pa.types.is_fixed_size_binary)
    for name, value in found.items():
        if value is not None and any(test(target.field(name).type) for test in is_bytes):
            found[name] = value.encode("latin-1")
    return found


def _type(schema: Any, named: Named) -> pa.DataType:
    if isinstance(schema, list):
        return _union_type([_type(each, named) for each in schema if each != "null"], schema)
    if isinstance(schema, str):
        found = _primitive_types().get(schema, named.get(schema.rpartition(".")[2]))
        if found is None:
            raise ValueError(f"there is no Avro type {schema!r}, and no record, enum or fixed of this name before its use")
        return found
    logical = _logical_type(schema)
    found = _complex_type(schema, named) if logical is None else logical
    if "name" in schema:
        named[schema["name"].rpartition(".")[2]] = found
    return found


def _union_type(kinds: list[pa.DataType], schema: Any) -> pa.DataType:
    """The one type beside null; the widest of numbers, as the engine reads them."""
    if not kinds:
        return pa.null()
    if len(kinds) == 1:
        return kinds[0]
    if not {str(kind) for kind in kinds} <= {"int32", "int64", "float", "double"}:
        raise ValueError(f"Avro unions are written of one type and null, not {schema!r}")
    if any(pa.types.is_floating(kind) for kind in kinds):
        return pa.float32() if all(pa.types.is_float32(kind) for kind in kinds) else pa.float64()
    return pa.int64() if any(pa.types.is_int64(kind) for kind in kinds) else pa.int32()


def _primitive_types() -> dict[str, pa.DataType]:
    return {
        "null": pa.null(), "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
        "double": pa.float64(), "bytes": pa.binary(), "string": pa.string(),
    }  # fmt: skip


def _logical_type(schema: Mapping[str, Any]) -> pa.DataType | None:
    name = schema.get("logicalType")
    if name == "decimal":
        wide = pa.decimal256 if schema["precision"] > 38 else pa.decimal128
        return wide(schema["precision"], schema.get("scale", 0))
    units = {"millis": "ms", "micros": "us", "nanos": "ns"}
    kind, _, unit = (name or "").rpartition("-")
    if kind == "timestamp" and unit in units:
        return pa.timestamp(units[unit], "UTC")
    if kind == "local-timestamp" and unit in units:
        return pa.timestamp(units[unit])
    if kind == "time" and unit in ("millis", "micros"):
        return pa.time32("ms") if unit == "millis" else pa.time64("us")
    return pa.date32() if name == "date" else None


def _complex_type(schema: Mapping[str, Any], named: Named) -> pa.DataType:
    kind = schema["type"]
    if kind == "record":
        return pa.struct([pa.field(field["name"], _type(field["type"], named)) for field in schema["fields"]])
    if kind == "array":
        return pa.list_(_type(schema["items"], named))
    if kind == "map":
        return pa.map_(pa.string(), _type(schema["values"], named))
    if kind == "enum":
        return pa.string()
    if kind == "fixed":
        return pa.binary(schema["size"])
    return _type(kind, named)
