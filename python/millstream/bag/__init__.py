"""Dask's Bag API for records that are Python objects: `import millstream.bag as db`."""

from __future__ import annotations

from millstream.bag.bag import Bag, Item
from millstream.bag.readers import concat, from_sequence, read_avro, read_text

__all__ = ["Bag", "Item", "concat", "from_sequence", "read_avro", "read_text"]
