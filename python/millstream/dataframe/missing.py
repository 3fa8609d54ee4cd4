"""Which Python objects stand for missing values (see GLOSSARY.md): null, of which there are several, or NaN."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
else:
    from millstream._lazy import LazyModule

    np, pd = LazyModule("numpy"), LazyModule("pandas")


def is_null(value: Any) -> bool:
    """None, NA or NaT, be it pandas' or NumPy's. NaN is not: where values are compared, it is a number."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))


def is_nan(value: Any) -> bool:
    """NaN as a float or a decimal."""
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    return isinstance(value, decimal.Decimal) and value.is_nan()


def is_missing(value: Any) -> bool:
    """Null or NaN: what pandas takes for missing where values are held."""
    return is_null(value) or is_nan(value)
