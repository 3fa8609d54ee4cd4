"""Bags from text files, Avro files and Python sequences."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob, has_magic
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from millstream.bag.bag import Bag, pickled_tables, unpickle
from millstream.utils import PathLike, parse_bytes, path_list

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")


def from_sequence(seq: Iterable[Any], partition_size: int | None = None, npartitions: int | None = None) -> Bag:
    """The elements of `seq`, in some 100 partitions, or `npartitions`, or partitions of `partition_size` elements."""
    elements = list(seq)
    if partition_size is None:
        partition_size = max(1, -(-len(elements) // (npartitions or 100)))
    if partition_size < 1 or (npartitions is not None and npartitions < 1):
        raise ValueError("partition_size and npartitions must be at least 1")
    parts = [elements[i : i + partition_size] for i in range(0, len(elements), partition_size)] or [[]]
    return Bag(_core.Plan.from_tables(pickled_tables(parts)), unpickle)


def read_avro(
    urlpath: PathLike | Iterable[PathLike], blocksize: int | str | None = None,
    storage_options: Mapping[str, Any] | None = None, compression: Any = None,
) -> Bag:  # fmt: skip
    """The records of Avro files, as dicts, with the values that fastavro gives; but UUIDs are text, and times in nanoseconds
    pandas Timestamps, where fastavro has integers.

    Values of a union of several types are themselves, numbers those of the widest type.
    """
    from millstream.bag.avro_records import bag_of_records
    from millstream.dataframe.io_read import read_avro as read_avro_frame

    return bag_of_records(read_avro_frame(urlpath, blocksize, storage_options))


def concat(bags: Iterable[Bag]) -> Bag:
    """The elements of all bags, one bag after the other."""
    plans = [bag._pickled() for bag in bags]
    if not plans:
        raise ValueError("no bags were given")
    return Bag(plans[0].union(plans[1:]) if len(plans) > 1 else plans[0], unpickle)


def read_text(
    urlpath: PathLike | Iterable[PathLike], blocksize: int | str | None = None, compression: str | None = "infer",
    encoding: str = "utf-8", errors: str = "strict", linedelimiter: str | None = None, collection: bool = True,
    storage_options: Mapping[str, Any] | None = None, files_per_partition: int | None = None, include_path: bool = False,
) -> Bag:  # fmt: skip
    """The lines of text files, with their line ends; a file is a partition, or each `blocksize` bytes of one.

    Compressed files are read as a stream. Lines end as in Python's open(); in blocks, with \\n or \\r\\n.
    """
    if blocksize is not None and files_per_partition is not None:
        raise ValueError("pass either blocksize or files_per_partition, not both")
    options = dict(storage_options or {})
    files = [found for path in path_list(urlpath) for found in _expand(path, options)]
    reader = LineReader(compression, encoding, errors, linedelimiter, include_path, options)
    blocks = [block for path in files for block in reader.blocks(path, blocksize)]
    size = files_per_partition or 1
    groups = [blocks[i : i + size] for i in range(0, len(blocks), size)]
    return Bag(_core.Plan.from_tables(pickled_tables(cast(list[list[Any]], groups))), reader.lines_of)


def _is_local(path: str) -> bool:
    return "://" not in path or path.startswith("file://")


def _local(path: str) -> str:
    return path.removeprefix("file://")


def _expand(path: str, options: Mapping[str, Any]) -> list[str]:
    """The files that a path or pattern stands for; FileNotFoundError where there is none."""
    if _is_local(path):
        text = _local(path)
        found = sorted(glob(text, recursive=True)) if has_magic(text) and not os.path.exists(text) else [text]
    elif not has_magic(path):
        return [path]
    else:
        import fsspec

        found = [file.full_name for file in fsspec.open_files(path, "rb", **options)]
    missing = not found or (_is_local(path) and not os.path.exists(found[0]))
    if missing:
        raise FileNotFoundError(f"{path} resolved to no files")
    return found


_BUFFER = 1 << 20
Block = tuple[str, int, int | None]  # path, first byte, byte after the last (None: to the end)


@dataclass(frozen=True)
class LineReader:
    """How lines are read from files."""

    compression: str | None
    encoding: str
    errors: str
    delimiter: str | None
    include_path: bool
    options: dict[str, Any]

    def blocks(self, path: str, blocksize: int | str | None) -> list[Block]:
        if blocksize is None:
            return [(path, 0, None)]
        if not _is_local(path) or self._codec(path) is not None:
            raise ValueError(f"{path} cannot be cut into blocks: it is compressed or remote; use blocksize=None")
        if self.delimiter not in (None, "\n"):
            raise ValueError("blocksize goes with the line ends \\n and \\r\\n only: use blocksize=None with a linedelimiter")
        if not "\n\n".encode(self.encoding).endswith(b"\n\n"):
            raise ValueError(f"files in {self.encoding} cannot be cut into blocks: use blocksize=None")
        size, total = parse_bytes(blocksize, "blocksize"), os.path.getsize(_local(path))
        return [(path, begin, begin + size) for begin in range(0, total, size)] or [(path, 0, None)]

    def lines_of(self, table: pa.Table) -> Iterator[Any]:
        """The lines of the blocks that a partition holds."""
        return chain.from_iterable(self._lines(block) for block in unpickle(table))

    def _codec(self, path: str) -> str | None:
        if self.compression != "infer":
            return self.compression
        known = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".xz": "xz"}
        return known.get(os.path.splitext(path)[1])

    def _open(self, path: str) -> Any:
        codec = self._codec(path)
        if not _is_local(path) or codec == "xz":
            import fsspec

            return fsspec.open(path, "rb", compression=codec, **self.options).open()
        if codec is None:
            return open(_local(path), "rb", buffering=0)
        return pa.input_stream(_local(path), compression=codec)

    def _lines(self, block: Block) -> Iterator[Any]:
        path, begin, end = block
        with self._open(path) as stream:
            if end is not None:
                lines = self._block_lines(stream, begin, end)
            else:
                buffered = io.BufferedReader(stream, _BUFFER)
                lines = iter(io.TextIOWrapper(buffered, self.encoding, self.errors, self.delimiter))
            for line in lines:
                yield (line, path) if self.include_path else line

    def _block_lines(self, stream: Any, begin: int, end: int) -> Iterator[str]:
        """The lines that start in the block: a line belongs to the block that its first byte is in."""
        position = begin
        buffered = io.BufferedReader(stream, _BUFFER)
        if begin:
            buffered.seek(begin - 1)
            position = begin - 1 + len(buffered.readline())
        while position < end:
            line = buffered.readline()
            if not line:
                return
            position += len(line)
            text = line.decode(self.encoding, self.errors)
            yield text.removesuffix("\r\n") + "\n" if text.endswith("\r\n") and self.delimiter is None else text
