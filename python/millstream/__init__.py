"""Millstream: Dask's DataFrame API on a C++ engine over Arrow memory, for data larger than memory."""

from __future__ import annotations

from millstream.config import configure, settings
from millstream.report import RunReport

__version__ = "0.1.0"
__all__ = ["RunReport", "__version__", "configure", "settings"]
