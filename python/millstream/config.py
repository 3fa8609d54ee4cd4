"""The session's settings: how much memory, how many threads, where temporary files go.

Defaults come from the settings file (see README.md), over it MILLSTREAM_MEMORY_LIMIT, MILLSTREAM_THREADS and
MILLSTREAM_TEMP_DIR; `configure` overrides them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from millstream.utils import parse_bytes

if TYPE_CHECKING:
    from millstream import _core
else:
    from millstream._lazy import LazyModule

    _core = LazyModule("millstream._core")


def configure(
    *, memory_limit: int | str | None = None, threads: int | None = None, temp_dir: str | os.PathLike[str] | None = None
) -> None:
    """Changes the settings that are given, for all that runs from now on.

    `memory_limit` is bytes or text such as "256MB" or "2 GiB". A bad value is a ValueError and changes nothing.
    """
    limit = None if memory_limit is None else parse_bytes(memory_limit, "memory_limit")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads must be a whole number above 0, not {threads!r}")
    _core.configure(memory_limit=limit, threads=threads, temp_dir=None if temp_dir is None else os.fspath(temp_dir))


def settings() -> dict[str, object]:
    """The settings in force: {"memory_limit": bytes, "threads": n, "temp_dir": path}."""
    return dict(_core.settings())
