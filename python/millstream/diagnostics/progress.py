"""A text progress bar for the runs inside a `with` block, or for all runs once registered."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

_active: list[ProgressBar] = []


def report_progress(fraction: float, text: str) -> None:
    """Passes the engine's word on how far it is to every active bar."""
    for bar in list(_active):
        bar.update(fraction, text)


def progress_wanted() -> bool:
    return bool(_active)


def runs_started() -> None:
    for bar in list(_active):
        bar.start()


def runs_ended(completed: bool) -> None:
    for bar in list(_active):
        bar.finish(completed)


class ProgressBar:
    """`[########    ] | 62% Completed | 3.1s`, rewritten in place at most every `dt` seconds.

    Runs shorter than `minimum` seconds print nothing. `out` is a text stream, standard output if None.
    """

    def __init__(self, minimum: float = 0, width: int = 40, dt: float = 0.1, out: TextIO | None = None) -> None:
        self._minimum, self._width, self._dt, self._out = minimum, width, dt, out
        self._started = self._drawn = 0.0
        self._fraction = 0.0
        self.last_duration = 0.0

    def register(self) -> None:
        """Shows this bar for every run from now on, until `unregister`."""
        if self not in _active:
            _active.append(self)

    def unregister(self) -> None:
        if self in _active:
            _active.remove(self)

    def __enter__(self) -> ProgressBar:
        self.register()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unregister()

    def start(self) -> None:
        self._started, self._drawn, self._fraction = time.monotonic(), 0.0, 0.0

    def update(self, fraction: float, text: str = "") -> None:
        now = time.monotonic()
        self._fraction = min(max(fraction, self._fraction), 1.0)
        if now - self._started >= self._minimum and now - self._drawn >= self._dt:
            self._drawn = now
            self._draw(now - self._started, text)

    def finish(self, completed: bool) -> None:
        self.last_duration = time.monotonic() - self._started
        if self.last_duration < self._minimum:
            return
        if completed:
            self._fraction = 1.0
        self._draw(self.last_duration, "", end="\n")

    def _stream(self) -> TextIO:
        return sys.stdout if self._out is None else self._out

    def _draw(self, seconds: float, text: str, end: str = "") -> None:
        bar = ("#" * int(self._width * self._fraction)).ljust(self._width)
        line = f"\r[{bar}] | {int(100 * self._fraction)}% Completed | {_duration(seconds)} {text}"
        try:
            self._stream().write(line.rstrip().ljust(self._width + 40) + end)
            self._stream().flush()
        except (OSError, ValueError):  # a closed pipe or stream: the run matters more than showing how far it is
            self.unregister()


def _duration(seconds: float) -> str:
    """As Dask writes it: 120.31 ms, 3.1s, 2min 4.0s."""
    if seconds < 1:
        return f"{1000 * seconds:.2f} ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}min {rest:.1f}s" if minutes else f"{rest:.1f}s"
