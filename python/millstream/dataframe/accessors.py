"""`.str`, `.dt` and `.struct`: the engine's functions where it has them, pandas' own on each partition where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from millstream.dataframe.convert import is_json
from millstream.dataframe.meta import NO_META

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pd, pa = LazyModule("pandas"), LazyModule("pyarrow")


class _Accessor:
    """Its attributes are those of pandas' accessor of the same name."""

    _name = ""
    _native: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Methods that the engine has as `<accessor>_<method>`, and their parameters in pandas' order."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def __dir__(self) -> list[str]:
        return sorted(name for name in dir(self._sample()) if not name.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        member = None if name.startswith("_") else getattr(type(self._sample()), name, None)
        if member is None:
            raise AttributeError(f".{self._name} has no {name!r}")
        if callable(member):
            return self._method(name)
        if self._has_native(name):
            return self._call(name, {})
        return self._pandas(lambda values: getattr(values, name), name)

    def _has_native(self, name: str) -> bool:
        return name in self._native

    def _sample(self) -> Any:
        return getattr(self._series._meta_nonempty, self._name)

    def _method(self, name: str) -> Callable[..., Series]:
        def method(*args: Any, **kwargs: Any) -> Series:
            parameters = self._native.get(name, ())
            if self._has_native(name) and len(args) <= len(parameters):
                options = {**dict(zip(parameters, args, strict=False)), **kwargs}
                plain = all(value is None or isinstance(value, (str, int, bool)) for value in options.values())
                if plain and set(options) <= set(parameters):
                    try:
                        return self._call(name, options)
                    except (ValueError, NotImplementedError):
                        pass  # such as a regular expression that only Python's engine knows: pandas does it or says why not
            return self._pandas(lambda values: getattr(values, name)(*args, **kwargs), name)

        return method

    def _call(self, name: str, options: dict[str, Any]) -> Series:
        series = self._series
        given = {key: value for key, value in options.items() if value is not None}
        return series._new(series._source.call(f"{self._name}_{name}", [series._column], given or None))

    def _pandas(self, function: Callable[[Any], Any], what: str) -> Series:
        """`function` of pandas' accessor, on each partition."""
        from millstream.dataframe.elementwise import map_values

        accessor = self._name
        return map_values(self._series, lambda values: function(getattr(values, accessor)), NO_META, what)


class StringMethods(_Accessor):
    """Methods of text: `df.name.str.upper()`."""

    _name = "str"
    _native: ClassVar[dict[str, tuple[str, ...]]] = {
        **dict.fromkeys(("lower", "upper", "capitalize", "title", "swapcase", "len"), ()),
        **dict.fromkeys(
            ("isalnum", "isalpha", "isdigit", "isdecimal", "isnumeric", "isspace", "islower", "isupper", "istitle"), ()
        ),
        **dict.fromkeys(("strip", "lstrip", "rstrip"), ("to_strip",)),
        **dict.fromkeys(("startswith", "endswith", "count"), ("pat",)),
        **dict.fromkeys(("find", "rfind"), ("sub",)),
        "contains": ("pat", "case", "flags", "na", "regex"),
        "match": ("pat", "case", "flags", "na"),
        "fullmatch": ("pat", "case", "flags", "na"),
        "replace": ("pat", "repl", "n", "case", "flags", "regex"),
        "slice": ("start", "stop", "step"),
        "get": ("i",),
        "pad": ("width", "side", "fillchar"),
        "zfill": ("width",),
        "repeat": ("repeats",),
        "removeprefix": ("prefix",),
        "removesuffix": ("suffix",),
    }

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        type_ = series._column.type
        if pa.types.is_dictionary(type_):
            type_ = type_.value_type
        if not (pa.types.is_string(type_) or pa.types.is_large_string(type_)):
            raise AttributeError(f"can only use .str accessor with string values, and {series.name!r} is {series.dtype}")

    def __getitem__(self, key: Any) -> Series:
        result: Series = self.slice(key.start, key.stop, key.step) if isinstance(key, slice) else self.get(key)
        return result

    def cat(self, others: Any = None, sep: str = "", na_rep: str | None = None) -> Series:
        """The text of this column and of others of the same frame, one after the other."""
        from millstream.dataframe.series import Series

        columns = [others] if isinstance(others, Series) else list(others or [])
        if not columns or not all(isinstance(column, Series) for column in columns):
            raise NotImplementedError("str.cat joins columns: pass a Series of the same frame, or a list of them")
        series = self._series
        source, arguments = series._source, [series._column]
        for column in columns:
            source, operand = series._new(series._column, source)._operand(column)
            arguments.append(operand)
        options = {"sep": sep, **({} if na_rep is None else {"na_rep": na_rep})}
        return series._new(source.call("str_cat", arguments, options), source)


class DatetimeMethods(_Accessor):
    """Parts of times: `df.created_at.dt.year`."""

    _name = "dt"
    _native: ClassVar[dict[str, tuple[str, ...]]] = {
        **dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "microsecond", "nanosecond"), ()),
        **dict.fromkeys(("quarter", "dayofweek", "weekday", "dayofyear", "days_in_month", "is_leap_year"), ()),
        **dict.fromkeys(("is_month_start", "is_month_end", "is_quarter_start", "is_quarter_end"), ()),
        **dict.fromkeys(("is_year_start", "is_year_end", "date", "normalize"), ()),
        **dict.fromkeys(("floor", "ceil", "round"), ("freq",)),
        **dict.fromkeys(("tz_localize", "tz_convert"), ("tz",)),
        "as_unit": ("unit",),
    }
    _same: ClassVar[dict[str, str]] = {"day_of_week": "dayofweek", "day_of_year": "dayofyear", "daysinmonth": "days_in_month"}

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        type_ = series._column.type
        if not (pa.types.is_timestamp(type_) or pa.types.is_duration(type_)):
            raise AttributeError(f"can only use .dt accessor with datetimelike values, and {series.name!r} is {series.dtype}")

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(self._same.get(name, name))

    def _has_native(self, name: str) -> bool:
        return name in self._native and pa.types.is_timestamp(self._series._column.type)


class StructMethods:
    """Fields of nested records that are read as structs; JSON text (see read_json) has none."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def field(self, name: str) -> Series:
        """The field `name` of each record; missing where the record or the field is."""
        series = self._series
        if is_json(series._column.type):
            raise TypeError(
                f"column {series.name!r} is JSON text, since the keys of its records vary: "
                f"take fields with map(lambda record: record.get({name!r}), meta=({name!r}, 'str')), or the type they have"
            )
        return series._new(series._source.call("struct_field", [series._column], {"name": name}), name=name)
