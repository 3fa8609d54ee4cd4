"""What a work is: an input, the same job on every engine, an oracle, and the goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines import Run

Answer = list[Any]  # what the oracle and a run are compared by
Program = Callable[[Run], Answer | None]


@dataclass(frozen=True)
class Goal:
    """`subject` against the fastest of `peers`: at least so many times as fast, or at most so many times the time."""

    peers: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None
    subject: str = "millstream"

    def words(self) -> str:
        peers = ", ".join(self.peers)
        best = f"the best of {peers}" if len(self.peers) > 1 else peers
        return f">= {self.at_least:g}x {best}" if self.at_least is not None else f"<= {self.at_most:g}x the time of {best}"


@dataclass(frozen=True)
class PeakGoal:
    """The peak of `subject` stays within so many bytes."""

    subject: str
    limit: int

    def words(self) -> str:
        return f"peak <= {self.limit / 1e6:.0f} MB"


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    input: str | None  # a name that data.py knows
    engines: Mapping[str, Program]
    oracle: Callable[[Path], Answer]  # of the input folder
    goals: tuple[Goal | PeakGoal, ...]
    check: Callable[[Path], Answer] | None = None  # of the output folder; None: the program returns its answer
    imports_first: bool = True  # before the clock starts


def plain(value: Any) -> float | str:
    """A number or text, whichever engine it came from."""
    if isinstance(value, str):
        return value
    return float(value) if hasattr(value, "__float__") else str(value)
