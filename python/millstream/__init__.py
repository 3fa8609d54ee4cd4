"""Millstream: Dask's DataFrame API on a C++ engine over Arrow memory, for data larger than memory."""

from __future__ import annotations

import contextlib
import ctypes

with contextlib.suppress(OSError):
    # libparquet exports the OpenSSL that is built into it. Loaded first, libcurl binds to the system's OpenSSL, whose calls
    # would otherwise end in libparquet's and crash.
    ctypes.CDLL("libcurl.so.4")

from millstream.config import configure, settings
from millstream.report import RunReport

__version__ = "0.1.0"
__all__ = ["RunReport", "__version__", "configure", "settings"]
