"""The engines that are compared: what each imports before the clock starts, and its settings (two threads each)."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

THREADS = 2

# Imported before the baseline of memory is taken, so that libraries are nobody's working memory.
IMPORTS = {
    "millstream": ("millstream.dataframe", "millstream._core", "pyarrow.parquet", "pandas"),
    "polars": ("polars",),
    "duckdb": ("duckdb",),
    "dask": ("dask.dataframe", "dask.bag", "pyarrow.parquet", "pandas", "fastavro"),
}


def environment(label: str, temp_dir: Path) -> dict[str, str]:
    """The environment of the measured process. A label such as "millstream@256MB" sets a memory limit."""
    _, _, limit = label.partition("@")
    threads = str(THREADS)
    settings = {
        "POLARS_MAX_THREADS": threads, "MILLSTREAM_THREADS": threads, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": "1",
        "DASK_NUM_WORKERS": threads, "MILLSTREAM_TEMP_DIR": str(temp_dir),
    }  # fmt: skip
    if limit:
        settings["MILLSTREAM_MEMORY_LIMIT"] = limit
    return {**os.environ, **settings}


def import_engine(label: str) -> None:
    engine = label.partition("@")[0]
    for module in IMPORTS[engine]:
        importlib.import_module(module)


def versions(engines: list[str]) -> dict[str, str]:
    """{package: version} of the engines, and of what some of them stand on."""
    packages = [*dict.fromkeys(label.partition("@")[0] for label in engines), "pyarrow", "pandas", "fastavro"]
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = str(getattr(importlib.import_module(package), "__version__", "from the tree"))
    return found


@dataclass(frozen=True)
class Run:
    """What a work is given: an engine, an input folder, and an empty output folder."""

    label: str
    data: Path
    out: Path

    @property
    def engine(self) -> str:
        return self.label.partition("@")[0]

    @cached_property
    def dd(self) -> Any:
        """dask.dataframe or millstream.dataframe: the same program runs on both."""
        return importlib.import_module(f"{self.engine}.dataframe")

    def duck(self) -> Any:
        import duckdb

        settings = {"threads": THREADS, "temp_directory": str(self.out / "spill"), "preserve_insertion_order": False}
        return duckdb.connect(config=settings)
