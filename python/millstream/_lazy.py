"""Modules that are imported on first use, so that `import millstream.dataframe` costs next to nothing."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands for the module `name`; the first attribute asked for imports it."""

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), attribute)
        self.__dict__[attribute] = value
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, (self.__name__,)
