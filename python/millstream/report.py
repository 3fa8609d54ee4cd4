"""What a run did: rows, bytes, seconds and memory, by operator, as the engine counted them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class RunReport(Mapping[str, Any]):
    """The report of one run, read like a dict; `to_json` gives it as text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    @classmethod
    def from_json(cls, text: str) -> RunReport:
        return cls(json.loads(text) if text else {})

    def to_json(self, indent: int | None = None) -> str:
        return json.dumps(self._values, indent=indent)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"RunReport({self.to_json(indent=2)})"
