"""Dask's Bag API for records that are Python objects: `import millstream.bag as db`."""

from __future__ import annotations

from typing import Any

from millstream.bag.absent import ADVICE
from millstream.bag.bag import Bag, Item
from millstream.bag.readers import concat, from_sequence, read_avro, read_text
from millstream.dataframe.absent import not_there


def __getattr__(name: str) -> Any:
    raise not_there(__name__, name, ADVICE, is_module=True)


__all__ = ["Bag", "Item", "concat", "from_sequence", "read_avro", "read_text"]
