"""Small helpers without dependencies."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

_UNITS = {"": 1, "b": 1} | {
    prefix + suffix: base**power
    for power, prefix in enumerate("kmgtp", start=1)
    for suffix, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}

_TOO_LARGE = 2**63  # the engine counts bytes in 64 bits with a sign


def parse_bytes(size: int | float | str, name: str = "size") -> int:
    """64e6, "64MB", "1.5 GiB", "128k" -> bytes. As in Dask, MB is 1000^2 and MiB 1024^2; ValueError for anything else."""
    if isinstance(size, (int, float)) and not isinstance(size, bool):
        if not 1 <= size < _TOO_LARGE:
            raise ValueError(f"{name} must be at least 1 byte and less than 2^63, not {size!r}")
        return int(size)
    match = re.fullmatch(r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)\s*", size) if isinstance(size, str) else None
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError(f"{name} must be a number of bytes or text such as '64MB' or '1.5 GiB', not {size!r}")
    return parse_bytes(float(match[1]) * _UNITS[match[2].lower()], name)


PathLike = str | os.PathLike[str]


def path_list(paths: PathLike | Iterable[PathLike]) -> list[str]:
    """One path or several, as text; TypeError for anything else, ValueError for an empty list."""
    if isinstance(paths, (str, os.PathLike)):
        return [os.fspath(paths)]
    found = [os.fspath(path) for path in paths]
    if not found:
        raise ValueError("no paths were given: pass a path, a pattern such as 'data/*.csv', or a list of them")
    return found


def options_json(options: Mapping[str, Any], what: str) -> str:
    """Options as JSON text for the engine; TypeError for a value that has no plain form."""
    try:
        return json.dumps(dict(options), default=_plain)
    except TypeError as error:
        raise TypeError(f"{what}: an option cannot be passed on: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, (set, frozenset, tuple)) or hasattr(value, "tolist"):
        return list(value)
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    raise TypeError(f"{value!r} is not a plain value")
