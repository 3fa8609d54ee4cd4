"""The time of the import itself."""

from __future__ import annotations

from engines import Run
from works.work import Answer, Goal, Work


def imports(run: Run) -> Answer:
    return [run.dd.__name__.partition(".")[2]]


IMPORT = Work(
    name="import",
    title="import millstream.dataframe, import dask.dataframe",
    input=None,
    engines={"millstream": imports, "dask": imports},
    oracle=lambda data: ["dataframe"],
    goals=(Goal(("dask",), at_most=0.7),),
    imports_first=False,
)
