"""The writes of a frame, as methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from millstream.dataframe import io_write
from millstream.utils import PathLike

if TYPE_CHECKING:
    from millstream.dataframe.frame import DataFrame


class FrameWrites:
    """Every write runs at once and returns its RunReport; with compute=False it returns a Write to compute() later.

    An output appears whole or not at all.
    """

    def to_parquet(
        self, path: PathLike, engine: str = "auto", compression: Any = "snappy", write_index: bool | None = None,
        append: bool = False, overwrite: bool = False, partition_on: str | Sequence[str] | None = None,
        storage_options: Mapping[str, Any] | None = None, custom_metadata: Mapping[str, str] | None = None,
        write_metadata_file: bool | None = None, compute: bool = True, name_function: Any = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """A directory of Parquet files, one a partition, or hive directories of the values of the `partition_on` columns."""
        options = {**kwargs, "compression": compression}
        return io_write.to_parquet(
            cast("DataFrame", self), path, options, write_index, append, overwrite, partition_on, storage_options,
            custom_metadata, name_function, compute,
        )  # fmt: skip

    def to_csv(
        self, filename: PathLike, single_file: bool = False, encoding: str = "utf-8", mode: str = "wt",
        name_function: Any = None, compression: str | None = "infer", compute: bool = True,
        storage_options: Mapping[str, Any] | None = None, index: bool = True, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """CSV files, one a partition: `filename` is a pattern such as "out/part-*.csv", or a directory; or one file.

        `compression` is "gzip", None for plain text, or "infer": as the name says.
        """
        options = {**kwargs, "encoding": encoding}
        return io_write.to_text(
            cast("DataFrame", self), "csv", filename, options, single_file, mode, name_function, compression,
            storage_options, index, compute,
        )  # fmt: skip

    def to_json(
        self, url_path: PathLike, orient: str = "records", lines: bool | None = None, compute: bool = True,
        storage_options: Mapping[str, Any] | None = None, encoding: str = "utf-8", compression: str | None = "infer",
        name_function: Any = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """JSON files, one a partition, with a record per line, or one array of records (lines=False).

        `compression` is as in to_csv.
        """
        if orient != "records":
            raise NotImplementedError(f"to_json writes orient='records', not {orient!r}")
        options = {**kwargs, "orient": orient, "lines": True if lines is None else lines}
        return io_write.to_text(
            cast("DataFrame", self), "json", url_path, options, False, "wt", name_function, compression, storage_options,
            False, compute,
        )  # fmt: skip

    def to_avro(
        self, filename: PathLike, schema: Any = None, name_function: Any = None,
        storage_options: Mapping[str, Any] | None = None, codec: str = "null", sync_interval: int | None = None,
        metadata: Mapping[str, str] | None = None, compute: bool = True, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Avro object container files, one a partition; the schema is inferred from the columns where none is given."""
        options = {**kwargs, "schema": schema, "codec": codec, "sync_interval": sync_interval, "metadata": metadata}
        return io_write.to_avro(cast("DataFrame", self), filename, options, name_function, storage_options, compute)
