"""What a bag does with the elements of a partition: functions from an iterator to an iterable."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

NO_DEFAULT: Any = "__no__default__"


@dataclass(frozen=True)
class Map:
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        # Generators all: a StopIteration of the function is an error there, where map() and filter() would take it for the end.
        return (self.function(element, *self.args, **self.kwargs) for element in elements)


@dataclass(frozen=True)
class StarMap:
    function: Callable[..., Any]
    kwargs: dict[str, Any]

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        return (self.function(*element, **self.kwargs) for element in elements)


@dataclass(frozen=True)
class Filter:
    predicate: Callable[[Any], Any]

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        return (element for element in elements if self.predicate(element))


@dataclass(frozen=True)
class Remove:
    predicate: Callable[[Any], Any]

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        return (element for element in elements if not self.predicate(element))


@dataclass(frozen=True)
class Pluck:
    key: Any
    default: Any = NO_DEFAULT

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        if isinstance(self.key, list):
            return (tuple(self._get(element, key) for key in self.key) for element in elements)
        return (self._get(element, self.key) for element in elements)

    def _get(self, element: Any, key: Any) -> Any:
        if self.default is NO_DEFAULT:
            return element[key]
        try:
            return element[key]
        except (KeyError, IndexError, TypeError):
            return self.default


@dataclass(frozen=True)
class Partition:
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        result: Iterable[Any] = self.function(elements, *self.args, **self.kwargs)
        return result


@dataclass(frozen=True)
class Take:
    count: int

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        return islice(elements, self.count)


@dataclass(frozen=True)
class Distinct:
    key: Any = None

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        seen = set()
        for element in elements:
            key = _key_of(self.key, element)
            if key not in seen:
                seen.add(key)
                yield element


@dataclass(frozen=True)
class Largest:
    count: int
    key: Any = None

    def __call__(self, elements: Iterator[Any]) -> Iterable[Any]:
        return heapq.nlargest(self.count, elements, key=lambda element: _key_of(self.key, element))


def _key_of(key: Any, element: Any) -> Any:
    if key is None:
        return element
    return key(element) if callable(key) else element[key]


def flatten(elements: Iterator[Any]) -> Iterable[Any]:
    return chain.from_iterable(elements)
