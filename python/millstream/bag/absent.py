"""Names of Dask's bags that Millstream does not have yet, and what to write until then."""

from __future__ import annotations

_FRAMES = "make a frame, to_dataframe(), and use its groupby(), std() or var()"
_METHOD = "use the method of a bag"
_OTHERS = "compute() the other elements first, and use them in map()"

ADVICE: dict[str, str] = {
    **dict.fromkeys(("groupby", "foldby", "std", "var"), _FRAMES),
    **dict.fromkeys(("join", "product", "zip"), _OTHERS),
    **dict.fromkeys(("map", "map_partitions"), _METHOD),
    "accumulate": "it needs elements of earlier partitions; map_partitions() with itertools.accumulate does it within each",
    "compute": "use millstream.dataframe.compute, which takes bags too",
    "from_delayed": "use from_sequence(parts).map(function).flatten()",
    "from_url": "use read_text",
    "random_sample": "use filter(lambda _: random.random() < share)",
    "range": "use from_sequence(range(n))",
    "str": "use map(str.upper) and the like",
    "to_delayed": "use compute(), or map_partitions() for what is to be done with each partition",
    "to_textfiles": "make a frame, to_dataframe(), and write that: to_json, to_csv",
    "unzip": "use pluck() for each of the places",
}  # fmt: skip
