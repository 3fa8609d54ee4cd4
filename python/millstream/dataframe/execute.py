"""Running what was asked for: several lazy results at once share one run of the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from millstream.dataframe.source import Aggregated, Column, Source, unify
from millstream.report import RunReport

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    _core = LazyModule("millstream._core")


@dataclass(frozen=True)
class Fetch:
    """Columns of a source to bring into memory; the tables come one per partition."""

    source: Source
    names: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Request:
    """What a lazy result needs, and how it is made of that: `finish` gets the tables of each fetch. `writes` run along."""

    fetches: tuple[Fetch, ...]
    finish: Callable[[list[list[pa.Table]]], Any]
    writes: tuple[_core.Plan, ...] = ()


class Lazy(ABC):
    """Anything that `compute` takes."""

    last_report: RunReport | None = None

    @abstractmethod
    def _request(self) -> Request: ...

    def _explained(self, error: ValueError) -> ValueError:
        """`error`, which ended a run, or one that says more."""
        return error

    def _ran(self, report: RunReport) -> None:
        self.last_report = report


def run_plans(plans: Sequence[_core.Plan]) -> list[_core.Result]:
    """Runs `plans` together, telling the active progress bars."""
    from millstream.diagnostics import progress

    if not progress.progress_wanted():
        return _core.execute(list(plans), None)
    progress.runs_started()
    completed = False
    try:
        results = _core.execute(list(plans), progress.report_progress)
        completed = True
    finally:
        progress.runs_ended(completed)
    return results


def compute_all(lazies: Sequence[Lazy]) -> list[Any]:
    """The values of `lazies`; aggregations of the same rows become one, other common work is shared by the engine.

    What is there twice runs once, as a key of Dask does.
    """
    of_lazy = {id(lazy): lazy._request() for lazy in lazies}
    requests = list(of_lazy.values())
    fetches = [fetch for request in requests for fetch in request.fetches]
    groups = _group(fetches)
    writes = [plan for request in requests for plan in request.writes]
    try:
        results = run_plans([_group_plan(group) for group in groups] + writes)
    except ValueError as error:
        for lazy in lazies:
            if (explained := lazy._explained(error)) is not error:
                raise explained from error
        raise
    tables: dict[int, list[pa.Table]] = {}
    for group, result in zip(groups, results[: len(groups)], strict=True):
        for position, fetch in enumerate(group.fetches):
            names = [f"{position}:{name}" for name in fetch.names]
            tables[id(fetch)] = [_select(table, names, fetch.names) for table in result.tables]
    if results:
        report = RunReport.from_json(results[0].report)
        for lazy in lazies:
            lazy._ran(report)
    values = {key: request.finish([tables[id(fetch)] for fetch in request.fetches]) for key, request in of_lazy.items()}
    return [values[id(lazy)] for lazy in lazies]


@dataclass
class _Group:
    source: Source
    fetches: list[Fetch]


def _group(fetches: Sequence[Fetch]) -> list[_Group]:
    groups: list[_Group] = []
    for fetch in fetches:
        for group in groups:
            merged = unify(group.source, fetch.source) if isinstance(fetch.source, Aggregated) else None
            if merged is not None:
                group.source = merged
                group.fetches.append(fetch)
                break
        else:
            groups.append(_Group(fetch.source, [fetch]))
    return groups


def _group_plan(group: _Group) -> _core.Plan:
    names: list[str] = []
    columns: list[Column] = []
    for position, fetch in enumerate(group.fetches):
        names += [f"{position}:{name}" for name in fetch.names]
        columns += fetch.columns
    return group.source.project(names, columns)


def _select(table: pa.Table, names: Sequence[str], new_names: Sequence[str]) -> pa.Table:
    selected = table.select(list(names))
    return selected.rename_columns(list(new_names)) if names else selected
