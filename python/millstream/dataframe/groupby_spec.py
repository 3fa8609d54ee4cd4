"""The forms that `agg` takes: "sum", ["sum", "mean"], {column: ...}, and name=(column, function)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FUNCTIONS = ("sum", "mean", "count", "size", "min", "max", "var", "std", "nunique", "first", "last", "any", "all", "prod")


@dataclass(frozen=True)
class Output:
    """One column of the result: its label, and the function of which column it is."""

    label: Hashable
    column: Hashable
    function: str


def function_name(function: Any) -> str:
    """The aggregation that is meant; NotImplementedError for others."""
    name = function if isinstance(function, str) else getattr(function, "__name__", repr(function))
    name = {"amin": "min", "amax": "max", "product": "prod"}.get(name, name)
    if name not in FUNCTIONS:
        raise NotImplementedError(f"agg does not know {name!r}; it knows {', '.join(FUNCTIONS)}")
    return name


def from_spec(spec: Any, labels: Sequence[Hashable]) -> list[Output]:
    """What `agg(spec)` gives for these columns, labelled as in pandas."""
    if isinstance(spec, str) or callable(spec):
        return [Output(label, label, function_name(spec)) for label in labels]
    if isinstance(spec, Mapping):
        nested = any(isinstance(functions, (list, tuple)) for functions in spec.values())
        outputs = []
        for label, functions in spec.items():
            for function in functions if isinstance(functions, (list, tuple)) else [functions]:
                name = function_name(function)
                outputs.append(Output(_pair(label, name) if nested else label, label, name))
        return outputs
    if isinstance(spec, (list, tuple)):
        names = [function_name(function) for function in spec]
        return [Output(_pair(label, name), label, name) for label in labels for name in names]
    raise TypeError(f"agg takes a function's name, a list, a dict or name=(column, function), not {type(spec).__name__}")


def _pair(label: Hashable, name: str) -> tuple[Hashable, ...]:
    return (*label, name) if isinstance(label, tuple) else (label, name)


def from_named(named: Mapping[str, Any], column: Hashable = None) -> list[Output]:
    """`agg(total=("amount", "sum"))`; of a single column also `agg(total="sum")`."""
    if not named:
        raise TypeError("agg needs to be told what to compute, such as 'sum' or total=('amount', 'sum')")
    outputs = []
    for label, spec in named.items():
        if isinstance(spec, str) and column is not None:
            outputs.append(Output(label, column, function_name(spec)))
        elif hasattr(spec, "aggfunc"):  # pandas.NamedAgg
            outputs.append(Output(label, spec.column, function_name(spec.aggfunc)))
        elif isinstance(spec, tuple) and len(spec) == 2:
            outputs.append(Output(label, spec[0], function_name(spec[1])))
        else:
            raise TypeError(f"agg({label}=...) takes a pair (column, function), not {spec!r}")
    return outputs
