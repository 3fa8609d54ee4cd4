"""Dask's names that Millstream does not have yet, and what to write until then."""

from __future__ import annotations

from collections.abc import Mapping

_PARTS = "map_partitions does it on each partition, compute() on the whole result in pandas"
_SORTS = "needs rows to change their partitions, which is not there yet; compute() first and do it in pandas"
_JOINS = "joins are not there yet; a small table can be looked up with map({...}), or in map_partitions with pandas"
_WINDOW = "needs rows of neighbouring partitions, which is not there yet; compute() first and do it in pandas"
_QUANTILES = "needs sorted values, which is not there yet; compute() the column and use pandas"
_GROUPS = "a function of whole groups needs a shuffle, which is not there yet; agg() knows sum, mean, var, nunique, ..."
_ELSEWHERE = "write files (to_parquet, to_csv, to_json, to_avro), or compute() and use pandas"

ADVICE: dict[str, str] = {
    **dict.fromkeys(("set_index", "sort_values", "sort_index", "shuffle", "nlargest", "nsmallest", "mode"), _SORTS),
    **dict.fromkeys(("merge", "join", "merge_asof", "combine", "combine_first", "align"), _JOINS),
    **dict.fromkeys(("rolling", "map_overlap", "shift", "diff", "ffill", "bfill", "resample", "autocorr"), _WINDOW),
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumcount"), _WINDOW),
    **dict.fromkeys(("quantile", "median", "median_approximate", "describe", "nunique_approx"), _QUANTILES),
    **dict.fromkeys(("skew", "kurtosis", "kurt", "sem", "corr", "cov", "idxmax", "idxmin", "reduction"), _PARTS),
    **dict.fromkeys(("explode", "melt", "pivot_table", "get_dummies", "replace", "sample", "random_split"), _PARTS),
    **dict.fromkeys(("to_hdf", "to_sql", "to_orc", "to_records", "to_delayed", "to_dask_array", "to_backend"), _ELSEWHERE),
    **dict.fromkeys(("transform", "get_group"), _GROUPS),
    **dict.fromkeys(("read_orc", "read_feather", "read_hdf", "read_sql", "read_sql_table", "read_sql_query", "read_fwf"),
                    "use from_map(function, parts) with a pandas reader"),
    **dict.fromkeys(("isna", "repartition", "to_bag"), "use the method of a frame or series"),
    **dict.fromkeys(("to_html", "to_string", "to_timestamp", "dot"), "compute() first and do it in pandas"),
    **dict.fromkeys(("from_delayed", "from_array", "from_dask_array"), "use from_pandas or from_map"),
    **dict.fromkeys(("to_numeric", "to_timedelta"), "use astype"),
    "Aggregation": "agg() knows sum, mean, count, size, min, max, var, std, nunique, first, last, any, all, prod",
    "categorize": "use astype('category')",
    "drop_duplicates": "groupby(columns).first() keeps one row for each key",
    "empty": "use len(df) == 0",
    "eval": "write the expression with the columns: df.a + df.b",
    "iloc": "take columns by label, df[[...]], and rows with a boolean Series or head()",
    "info": "print the frame, or df.dtypes",
    "memory_usage": "the report of a run has the memory it took: df.last_report",
    "query": "write the condition with the columns: df[(df.a > 1) & (df.b == 'x')]",
    "rename_axis": "reset_index() and rename",
    "squeeze": "take the column: df['a']",
    "values": "use compute().to_numpy()",
    "visualize": "use explain()",
}  # fmt: skip


class NotThereYet(NotImplementedError, AttributeError):
    """An AttributeError for hasattr(); a NotImplementedError for whoever reads it."""


def no_attribute(kind: str, name: str, rows_of_groups: bool = False) -> AttributeError:
    """The error for a name that an object of this kind lacks."""
    if rows_of_groups and name in ("apply", "head", "tail", "rolling", "shift", "cumsum", "cumprod", "ffill", "bfill"):
        return not_there(kind, name, {name: _GROUPS})
    return not_there(kind, name, ADVICE)


def not_there(owner: str, name: str, advice: Mapping[str, str], is_module: bool = False) -> AttributeError:
    """The error for a name that `owner`, a module or kind of object, lacks."""
    if name in advice:
        return NotThereYet(f"{owner}.{name} is not there yet: {advice[name]}")
    what = f"module {owner!r}" if is_module else f"{owner!r} object"
    return AttributeError(f"{what} has no attribute {name!r}")
