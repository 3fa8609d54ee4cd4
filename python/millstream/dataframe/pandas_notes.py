"""What pandas notes in a Parquet file: types that Parquet lacks, labels that are no text, and which columns are the index.

The format is described at https://pandas.pydata.org/docs/development/developer.html.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pd = LazyModule("pandas")


@dataclass(frozen=True)
class RangeNote:
    """A RangeIndex, which takes no column in the file."""

    name: Hashable
    values: range


@dataclass(frozen=True)
class PandasNotes:
    """The types of fields by their names, the types of each level of the labels, and the levels of the index in order: names of
    fields, or a RangeIndex."""

    dtypes: dict[str, str]
    label_types: tuple[str, ...]
    index: tuple[str | RangeNote, ...]

    def label(self, name: str) -> Hashable:
        """What pandas called the column that the file calls `name`."""
        if name not in self.dtypes or not self.label_types:
            return name
        try:
            parts = ast.literal_eval(name) if len(self.label_types) > 1 else (name,)
            label = tuple(_read_label(part, type_) for part, type_ in zip(parts, self.label_types, strict=True))
        except (ValueError, SyntaxError, TypeError, KeyError):  # KeyError: a zone that is not known here
            return name
        return label if len(label) > 1 else label[0]


NOTHING = PandasNotes({}, (), ())


def read_notes(schema: pa.Schema, where: str) -> PandasNotes:
    """The notes in the schema of the files `where`; ValueError naming these if the notes are damaged."""
    text = (schema.metadata or {}).get(b"pandas")
    if text is None:
        return NOTHING
    try:
        notes = json.loads(text) or {}
        dtypes = {column.get("field_name", column.get("name")): column.get("numpy_type") for column in notes.get("columns", [])}
        label_types = tuple(map(_label_type, notes.get("column_indexes", [])))
        return PandasNotes(dtypes, label_types, tuple(map(_index_level, notes.get("index_columns", []))))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{where}: what pandas noted in the metadata of the file is damaged ({error}); write the file again, or, with "
            "pyarrow, without the note: table.replace_schema_metadata()"
        ) from error


def _label_type(level: Any) -> str:
    """The type of labels; of times with a zone, "datetimetz" and the zone."""
    type_ = str(level.get("pandas_type"))
    return f"{type_} {level['metadata']['timezone']}" if type_ == "datetimetz" else type_


def _index_level(level: Any) -> str | RangeNote:
    if isinstance(level, str):
        return level
    return RangeNote(level.get("name"), range(level["start"], level["stop"], level["step"]))


def _read_label(text: str, type_: str) -> Hashable:
    if type_.startswith(("int", "uint")):
        return int(text)
    if type_.startswith("float"):
        return float(text)
    if type_ == "bool":
        return text == "True"
    if type_.startswith("datetimetz "):
        return pd.Timestamp(text).tz_convert(type_.removeprefix("datetimetz "))
    return pd.Timestamp(text) if type_.startswith("datetime64[") or type_ == "datetime" else text


def relabelled(names: Sequence[Hashable], notes: PandasNotes) -> list[Hashable]:
    """The labels that pandas had for these columns; their names in the file where two would have one label."""
    labels = [notes.label(name) if isinstance(name, str) else name for name in names]
    return labels if len(set(labels)) == len(labels) else list(names)
