"""Python objects -> Arrow arrays that hold just these objects.

pa.array() given a type makes 1.9 an int64 1, bytes text, and a datetime a date. Here each type has a rule that says which
objects are values of it; any other is an error. Only floats of fewer than 64 bits are rounded, and refused if they are too
large.
"""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from millstream.dataframe.missing import is_missing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pd, pa = LazyModule("numpy"), LazyModule("pandas"), LazyModule("pyarrow")


class Unfit(TypeError):
    """An object that is no value of a type."""

    def __init__(self, value: Any, type_: pa.DataType, why: str = "") -> None:
        text = repr(value)
        shown = text if len(text) <= 80 else text[:77] + "..."
        super().__init__(f"{shown} ({type(value).__name__}) is no {type_name(type_)}{why}")
        self.value, self.type = value, type_


_NEVER_MISSING = frozenset(
    {datetime.datetime, datetime.date, datetime.time, datetime.timedelta, int, bool, str, bytes, dict, list, tuple}
)


@dataclass(frozen=True)
class Rule:
    """Objects of the classes `plain` are values as they are; `convert` gives the value that another is, or raises Unfit."""

    plain: frozenset[type]
    convert: Callable[[Any], Any]

    def one(self, value: Any) -> Any:
        kind = type(value)
        if kind in self.plain:
            return value
        return None if kind not in _NEVER_MISSING and is_missing(value) else self.convert(value)

    def all(self, values: Collection[Any]) -> Collection[Any]:
        # Nearly always there is nothing to convert, and sets of classes are quick to make.
        return values if self.plain.issuperset(map(type, values)) else [self.one(value) for value in values]


def exact_array(values: Sequence[Any], type_: pa.DataType, avro: bool = False) -> pa.Array:
    """`values` as an array of `type_`; missing ones are nulls. TypeError (Unfit, where one object is at fault) for any that it
    cannot hold as they are.

    With `avro`, what fastavro does: times are cut to the unit, and a datetime to its date; NaN is a float like any other,
    records may have more keys than their type, and no float is an integer. A time without a zone is taken to be in UTC, which
    fastavro takes to be in the machine's zone.
    """
    if is_json(type_):
        return json_array([_json_value(value, type_) for value in values])
    held = rule_of(type_, avro).all(values)
    stored = _storage(type_)
    nan_is_missing = not avro and not pa.types.is_nested(type_)
    array = pa.array(held, stored, from_pandas=nan_is_missing)
    return array if stored == type_ else array.cast(type_)


def is_json(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.BaseExtensionType) and type_.extension_name == "arrow.json"


def type_name(type_: pa.DataType) -> str:
    return "JSON" if is_json(type_) else str(type_)


def json_array(values: Iterable[Any]) -> pa.Array:
    """Python objects as a column of JSON text; missing values become nulls."""
    texts = [None if is_missing(value) else json_text(value) for value in values]
    return pa.ExtensionArray.from_storage(pa.json_(pa.utf8()), pa.array(texts, pa.utf8()))


def json_text(value: Any) -> str:
    """JSON has no NaN and no infinities: they are null, as in the JSON that the engine writes."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError:
        finite = json.loads(json.dumps(value, default=_plain), parse_constant=lambda _: None)
        return json.dumps(finite)


def _plain(value: Any) -> Any:
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _json_value(value: Any, type_: pa.DataType) -> Any:
    """Times within records become text, as JSON has none; a column of them would be another column."""
    if hasattr(value, "isoformat") and not is_missing(value):
        raise Unfit(value, type_)
    return value


def dtype_for(value: Any) -> str | None:
    """The dtype to write in `meta` for values such as this one; None where none is sure to be right."""
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, datetime.datetime):
        unit = "ns" if getattr(value, "nanosecond", 0) else "us"
        return f"datetime64[{unit}]" if value.tzinfo is None else f"datetime64[{unit}, UTC]"
    kinds = {
        (int, np.integer): "int64", (float, np.floating): "float64", (str,): "str", (datetime.date,): "date32[day][pyarrow]",
        (datetime.time,): "time64[us][pyarrow]", (datetime.timedelta,): "timedelta64[us]", (bytes,): "binary[pyarrow]",
    }  # fmt: skip
    return next((dtype for classes, dtype in kinds.items() if isinstance(value, classes)), None)


def _storage(type_: pa.DataType) -> pa.DataType:
    """The type with text in place of JSON within it, which pa.array does not make."""
    if is_json(type_):
        return pa.utf8()
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_storage(field.type)) for field in type_])
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        make = pa.list_ if pa.types.is_list(type_) else pa.large_list
        return make(type_.value_field.with_type(_storage(type_.value_type)))
    if pa.types.is_map(type_):
        return pa.map_(type_.key_type, type_.item_field.with_type(_storage(type_.item_type)))
    return type_


# -- the rules

_NOTHING = frozenset({type(None)})


def rule_of(type_: pa.DataType, avro: bool = False) -> Rule:
    types = pa.types
    if is_json(type_):
        return Rule(frozenset(), json_text)
    if types.is_dictionary(type_):
        return rule_of(type_.value_type, avro)
    if types.is_struct(type_):
        return _record_rule(type_, avro)
    if types.is_map(type_):
        return _map_rule(type_, avro)
    if types.is_list(type_) or types.is_large_list(type_):
        return _list_rule(type_, avro)
    if types.is_integer(type_):
        return Rule(_NOTHING | {int}, lambda value: _integer(value, type_, avro))
    if types.is_floating(type_):
        return _float_rule(type_, avro)
    if types.is_date(type_):
        return Rule(_NOTHING | {datetime.date}, lambda value: _date(value, type_, avro))
    if types.is_timestamp(type_):
        return Rule(_NOTHING, lambda value: _timestamp(value, type_, avro))
    if types.is_time(type_):
        return Rule(_NOTHING, lambda value: _time(value, type_, avro))
    if types.is_duration(type_):
        return Rule(_NOTHING, lambda value: _duration(value, type_))
    if types.is_string(type_) and avro:
        return _objects_of((str, uuid.UUID), str, type_)
    return _class_rule(type_)


def _class_rule(type_: pa.DataType) -> Rule:
    """Of types whose values are the objects of some classes."""
    types = pa.types
    if types.is_boolean(type_):
        return _objects_of((bool, np.bool_), bool, type_)
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return _objects_of((str,), str, type_)
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return _objects_of((bytes, bytearray, memoryview), bytes, type_)
    if types.is_decimal(type_):
        return Rule(_NOTHING, lambda value: _decimal(value, type_))
    if types.is_null(type_):
        return _objects_of((), str, type_)
    return Rule(frozenset(), lambda value: value)  # of types that only Arrow has values of


def _objects_of(classes: tuple[type, ...], make: Callable[[Any], Any], type_: pa.DataType) -> Rule:
    def convert(value: Any) -> Any:
        if not isinstance(value, classes):
            raise Unfit(value, type_)
        return make(value)

    return Rule(_NOTHING.union(classes[:1]), convert)


def _decimal(value: Any, type_: pa.DataType) -> decimal.Decimal:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return decimal.Decimal(int(value))
    if not isinstance(value, decimal.Decimal):
        raise Unfit(value, type_)
    if not value.is_finite():
        raise Unfit(value, type_, ": decimals are finite")
    return value


def _integer(value: Any, type_: pa.DataType, avro: bool) -> int:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)) and value.is_integer() and not avro:
        return int(value)
    raise Unfit(value, type_)


TOO_LARGE = ": it is too large"


def largest_float(type_: pa.DataType) -> float:
    return float(np.finfo(type_.to_pandas_dtype()).max)


def _float_rule(type_: pa.DataType, avro: bool) -> Rule:
    largest = largest_float(type_)

    def convert(value: Any) -> Any:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise Unfit(value, type_)
        number: float = int(value) if isinstance(value, (int, np.integer)) else float(value)
        if largest < abs(number) < float("inf"):
            raise Unfit(value, type_, TOO_LARGE)
        return number

    plain = _NOTHING | {int, float} if type_.bit_width == 64 else _NOTHING
    return _NanRule(plain, convert) if avro else Rule(plain, convert)


class _NanRule(Rule):
    """NaN is a value and not a missing one."""

    def one(self, value: Any) -> Any:
        return self.convert(value) if isinstance(value, (float, np.floating)) else super().one(value)


# -- times

_STEPS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def _date(value: Any, type_: pa.DataType, avro: bool) -> Any:
    if avro and isinstance(value, int):  # fastavro takes what a logical type stands for
        return value
    value = pd.Timestamp(value) if isinstance(value, np.datetime64) else value
    if not isinstance(value, datetime.date):
        raise Unfit(value, type_)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time() and getattr(value, "nanosecond", None) in (None, 0)
        if not avro and not (midnight and value.tzinfo is None):
            raise Unfit(value, type_, ": its time would be lost")
        return value.date()
    return value


def _timestamp(value: Any, type_: pa.DataType, avro: bool) -> Any:
    if avro and isinstance(value, int):
        return value
    if not isinstance(value, datetime.datetime):
        value = _as_datetime(value, type_)
    if avro:
        return value.replace(tzinfo=None) if type_.tz is None else value
    if (value.tzinfo is None) != (type_.tz is None):
        raise Unfit(value, type_, ": it has no time zone" if value.tzinfo is None else ": its time zone would be lost")
    _check_unit(value, value.microsecond * 1000 + getattr(value, "nanosecond", 0), type_)
    return value


def _as_datetime(value: Any, type_: pa.DataType) -> datetime.datetime:
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time())
    if isinstance(value, np.datetime64):
        stamp: datetime.datetime = pd.Timestamp(value)
        return stamp
    raise Unfit(value, type_)


def _time(value: Any, type_: pa.DataType, avro: bool) -> Any:
    if avro and isinstance(value, int):
        return value
    if not isinstance(value, datetime.time):
        raise Unfit(value, type_)
    if value.tzinfo is not None:
        raise Unfit(value, type_, ": its time zone would be lost")
    if not avro:
        _check_unit(value, value.microsecond * 1000, type_)
    return value


def _duration(value: Any, type_: pa.DataType) -> Any:
    value = pd.Timedelta(value) if isinstance(value, np.timedelta64) else value
    if not isinstance(value, datetime.timedelta):
        raise Unfit(value, type_)
    _check_unit(value, value.microseconds * 1000 + getattr(value, "nanoseconds", 0), type_)
    return value


def _check_unit(value: Any, nanoseconds: int, type_: pa.DataType) -> None:
    if nanoseconds % _STEPS[type_.unit]:
        raise Unfit(value, type_, f": what is finer than {type_.unit} would be lost")


# -- nested values


def _record_rule(type_: pa.DataType, avro: bool) -> Rule:
    rules = {field.name: rule_of(field.type, avro) for field in type_}

    def convert(value: Any) -> Any:
        if type(value) is not dict and not isinstance(value, Mapping):  # of which the first is the quicker to see
            raise Unfit(value, type_)
        if not avro and not value.keys() <= rules.keys():
            raise Unfit(value, type_, f", which has no {next(key for key in value if key not in rules)!r}")
        return {name: rule.one(value.get(name)) for name, rule in rules.items()}

    return Rule(_NOTHING, convert)


def _map_rule(type_: pa.DataType, avro: bool) -> Rule:
    keys, items = rule_of(type_.key_type, avro), rule_of(type_.item_type, avro)

    def convert(value: Any) -> Any:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise Unfit(value, type_)
        pairs = list(value.items() if isinstance(value, Mapping) else value)  # pandas has lists of pairs
        if not all(isinstance(pair, (tuple, list, np.ndarray)) and len(pair) == 2 for pair in pairs):
            raise Unfit(value, type_, ": it is neither a dict nor a list of pairs")
        return [(keys.one(key), items.one(item)) for key, item in pairs]

    return Rule(_NOTHING, convert)


def _list_rule(type_: pa.DataType, avro: bool) -> Rule:
    items = rule_of(type_.value_type, avro)

    def convert(value: Any) -> Any:
        if type(value) is not list and (isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable)):
            raise Unfit(value, type_)
        return items.all(list(value))

    return Rule(_NOTHING, convert)
