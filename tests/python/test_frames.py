"""Selecting, changing and looking at frames, against pandas."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.bag as db
import millstream.dataframe as dd

SELECTIONS = [
    lambda df: df,
    lambda df: df.i,
    lambda df: df["s"],
    lambda df: df[["s", "i"]],
    lambda df: df[df.i > 2],
    lambda df: df[(df.i > 2) & (df.s == "a")][["k", "i"]],
    lambda df: df[df.i > 100],
    lambda df: df.i[df.j > 5],
    lambda df: df.loc[df.i > 2, ["i", "s"]],
    lambda df: df.loc[:, "i":"f"],
    lambda df: df.loc[df.b, "s"],
    lambda df: df.loc[2:5],
    lambda df: df[pd.Series(["s", "i"])],
    lambda df: df[np.array(["s", "i"])],
    lambda df: df.loc[[1, 3], "i"],
    lambda df: df.loc[np.array([1, 3])],
    lambda df: df.loc[pd.Series([1, 3]), ["s", "i"]],
    lambda df: df.drop(columns=["t", "b"]),
    lambda df: df.drop("t", axis=1),
    lambda df: df.rename(columns={"i": "eye"}),
    lambda df: df.rename(columns=str.upper),
    lambda df: df.i.rename("eye"),
    lambda df: df.add_prefix("p_"),
    lambda df: df.select_dtypes(include="number"),
    lambda df: df.i.to_frame(),
    lambda df: df.i.to_frame("eye"),
    lambda df: df.index,
    lambda df: df[df.i > 2].index,
    lambda df: df.set_axis(list("abcdefg"), axis=1) if isinstance(df, pd.DataFrame) else _with_columns(df, list("abcdefg")),
]


def _with_columns(df, labels):
    df = df.copy()
    df.columns = labels
    return df


@pytest.mark.parametrize("program", SELECTIONS)
def test_selecting(check, program):
    check(program)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ns"])
@pytest.mark.parametrize(
    "rows",
    [
        "1980", "1980-06", "1980-06-01", "1980-06-01 10", "1980-06-01 10:00", "1980-06-01 10:00:00", ["1980-06-01"],
        slice("1980"), slice("1980-06-01", None), slice("1980-02", "1980-06"), slice("1980-06-01 01:00", "1980-06-01 10"),
        slice(pd.Timestamp("1980-02-01"), None),
    ],
)  # fmt: skip
def test_times_by_their_text(rows, unit, zone):
    times = ["1980-01-01", "1980-06-01", "1980-06-01 10:00", "1980-06-01 10:00:30", "1981-01-01"]
    frame = pd.DataFrame({"v": range(5)}, index=pd.DatetimeIndex(times).as_unit(unit).tz_localize(zone))
    if zone and isinstance(rows, slice) and isinstance(rows.start, pd.Timestamp):
        rows = slice(rows.start.tz_localize(zone), rows.stop)
    expected = np.atleast_1d(frame.loc[rows].v)  # one value where pandas takes the text for one time
    assert dd.from_pandas(frame, npartitions=2).loc[rows].v.compute().tolist() == expected.tolist()


@pytest.mark.parametrize(
    "rows", ["2020-01-01T10:00Z", "2020-01-01 12:00+02:00", "2020-01-01 10Z", slice("2020-01-01 10:00+00:00")]
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_texts_with_an_offset_name_spans_of_its_clock(rows, zone):
    frame = pd.DataFrame(
        {"v": range(4)}, index=pd.date_range("2020-01-01 09:59:30", periods=4, freq="30s", tz="UTC").tz_convert(zone)
    )
    lazy = dd.from_pandas(frame, npartitions=1)
    assert lazy.loc[rows].v.compute().tolist() == frame.loc[rows].v.tolist()
    with pytest.raises(ValueError, match="no time zone"):
        dd.from_pandas(frame.tz_localize(None), npartitions=1).loc[slice("2020-01-01 10:00Z")]


@pytest.mark.parametrize(
    ("zone", "start", "rows"),
    [
        ("Europe/Berlin", "2024-10-27 00:00", "2024-10-27 01"),
        ("Europe/Berlin", "2024-10-27 00:00", slice("2024-10-27 01")),
        ("America/Santiago", "2024-09-07 20:00", "2024-09-07"),
        ("America/Santiago", "2024-09-07 20:00", slice(None, "2024-09-07")),
        ("America/Sao_Paulo", "2018-11-03 20:00", "2018-11-03"),
    ],
)
def test_spans_that_end_where_clocks_change(zone, start, rows):
    frame = pd.DataFrame({"v": range(12)}, index=pd.date_range(start, periods=12, freq="30min", tz=zone))
    assert dd.from_pandas(frame, npartitions=2).loc[rows].v.compute().tolist() == frame.loc[rows].v.tolist()


def test_days_choose_rows_by_times():
    frame = pd.DataFrame({"v": range(3)}, index=pd.DatetimeIndex(["1980-06-01", "1980-06-01 10:00", "1980-06-02"]))
    lazy, day = dd.from_pandas(frame, npartitions=1), pd.Timestamp("1980-06-01").date()
    assert lazy.loc[day].v.compute().tolist() == [0]
    assert lazy.loc[day:].v.compute().tolist() == frame.loc[day:].v.tolist() == [0, 1, 2]
    assert lazy.loc[:day].v.compute().tolist() == frame.loc[:day].v.tolist()


def test_assign(check):
    check(lambda df: df.assign(n=df.i + df.j, c=1, d="text"))
    check(lambda df: df.assign(n=lambda d: d.i * 2, m=lambda d: d.n + 1))
    check(lambda df: df.assign(i=df.i * 2)[lambda d: d.i > 4] if isinstance(df, pd.DataFrame) else _filtered(df))


def _filtered(df):
    changed = df.assign(i=df.i * 2)
    return changed[changed.i > 4]


def test_setting_items(frame, lazy):
    for df in (frame, lazy):
        df["n"] = df.i + 1
        df["n"] = df.n * 2
        df["flag"] = df.n > 6
        del df["j"]
    assert_frame_equal(lazy.compute(), frame)
    assert_series_equal(lazy.pop("n").compute(), frame.pop("n"))
    assert_frame_equal(lazy.compute(), frame)


def test_setting_an_item_leaves_other_frames_alone(frame, lazy):
    other = lazy.copy()
    lazy["n"] = 1
    assert "n" in lazy and "n" not in other


def test_filter_then_set(frame, lazy):
    kept, lazy_kept = frame[frame.i > 2].copy(), lazy[lazy.i > 2]
    kept["n"] = kept.i * 10
    lazy_kept["n"] = lazy_kept.i * 10
    assert_frame_equal(lazy_kept.compute(), kept)


def test_head_and_tail(frame, lazy):
    assert_frame_equal(lazy.head(2), frame.head(2))
    assert_frame_equal(lazy.head(7, npartitions=-1), frame.head(7))
    assert_frame_equal(lazy.head(2, compute=False).compute(), frame.head(2))
    assert_frame_equal(lazy.tail(1), frame.tail(1))
    assert_series_equal(lazy.s.head(3), frame.s.head(3))
    assert_frame_equal(lazy.head(0), frame.head(0))
    with pytest.raises(ValueError, match="at least 0"):
        lazy.head(-1)
    with pytest.raises(ValueError, match="at least 0"):
        lazy.tail(-1)
    assert_frame_equal(lazy[lazy.i > 3].head(1), frame[frame.i > 3].head(1))
    with pytest.raises(ValueError, match="3 partitions"):
        lazy.head(2, npartitions=4)


def test_len_shape_and_size(frame, lazy):
    assert len(lazy) == 8 and len(lazy[lazy.i > 3]) == 4 and len(lazy.s) == 8
    assert lazy.shape[0].compute() == 8 and lazy.shape[1] == 7
    assert lazy.size.compute() == frame.size and lazy.s.size.compute() == 8
    assert lazy.ndim == 2 and lazy.s.ndim == 1


def test_properties(frame, lazy):
    assert list(lazy.columns) == list(frame.columns)
    assert_series_equal(lazy.dtypes, frame.dtypes)
    assert lazy.i.dtype == "int64" and lazy.columns.get_loc("s") == 3
    assert_frame_equal(lazy._meta, frame.iloc[:0])
    assert_series_equal(lazy.s._meta, frame.s.iloc[:0])
    assert len(lazy._meta_nonempty) == 2 and lazy._meta_nonempty.s.tolist() == ["foo", "foo"]
    assert_series_equal(lazy._meta_nonempty.dtypes, frame.dtypes)
    assert "i" in dir(lazy)


def test_a_missing_column_is_an_error_at_once(lazy):
    for program in (
        lambda: lazy["nope"],
        lambda: lazy[["i", "nope"]],
        lambda: lazy.drop(columns="nope"),
        lambda: lazy.groupby("nope"),
        lambda: lazy.dropna(subset=["nope"]),
        lambda: lazy.groupby("k").agg({"nope": "sum"}),
        lambda: lazy.groupby("k")["nope"],
    ):
        with pytest.raises(KeyError, match="nope"):
            program()
    with pytest.raises(AttributeError, match="nope"):
        lazy.nope  # noqa: B018


def test_partitions(frame, lazy):
    assert lazy.npartitions == 3
    assert lazy.divisions == (0, 3, 6, 7) and lazy.known_divisions
    assert_frame_equal(lazy.partitions[1].compute(), frame.iloc[3:6])
    assert_frame_equal(lazy.get_partition(2).compute(), frame.iloc[6:])
    assert_frame_equal(lazy.partitions[:2].compute(), frame.iloc[:6])
    assert lazy.partitions[:2].divisions == (0, 3, 6)
    assert_frame_equal(lazy.repartition(npartitions=2).compute(), frame)
    assert lazy.repartition(npartitions=2).npartitions == 2
    with pytest.raises(IndexError):
        lazy.partitions[3]
    with pytest.raises(ValueError, match="at least 1"):
        lazy.repartition(npartitions=0)
    with pytest.raises(ValueError, match="npartitions"):
        lazy.repartition()
    with pytest.raises(NotImplementedError, match="not there yet"):
        lazy.repartition(partition_size="100MB")


def test_persist(frame, lazy):
    kept = lazy.assign(n=lazy.i + 1).persist()
    assert_frame_equal(kept.compute(), frame.assign(n=frame.i + 1))
    assert kept.npartitions == 3 and kept.divisions == lazy.divisions
    assert_series_equal((kept.n + kept.i).compute(), frame.i * 2 + 1, check_names=False)


def test_compute_several_at_once(frame, lazy):
    total, mean, groups, same = dd.compute(lazy.i.sum(), lazy.f.mean(), lazy.groupby("k").i.sum(), 7)
    assert total == frame.i.sum() and mean == pytest.approx(frame.f.mean()) and same == 7
    assert_series_equal(groups, frame.groupby("k").i.sum())


def test_reset_index(frame, lazy):
    assert_frame_equal(lazy.groupby("k").i.sum().reset_index().compute(), frame.groupby("k").i.sum().reset_index())
    whole = dd.from_pandas(frame.set_index("s", drop=True).sort_index(), npartitions=1)
    assert_frame_equal(whole.reset_index().compute(), frame.set_index("s").sort_index(kind="stable").reset_index())
    assert list(lazy.reset_index(drop=True).compute().index) == [0, 1, 2, 0, 1, 2, 0, 1]  # by partition, as in Dask
    with pytest.raises(ValueError, match="already exists"):
        lazy.assign(index=1).reset_index()


def test_indexes_of_every_kind(frame):
    for index in (["s2", "s1"] * 4, pd.date_range("2020", periods=8, unit="us"), [0.5] * 8):
        indexed = frame.set_index(pd.Index(index, name="when"))
        assert_frame_equal(dd.from_pandas(indexed, npartitions=2, sort=False).compute(), indexed, check_freq=False)
    deep = frame.set_index(["k", "i"])
    assert_frame_equal(dd.from_pandas(deep, npartitions=2, sort=False).compute(), deep)


def test_from_pandas(frame):
    assert dd.from_pandas(frame, chunksize=3).npartitions == 3
    assert_series_equal(dd.from_pandas(frame.s, npartitions=2).compute(), frame.s)
    assert_frame_equal(dd.from_pandas(frame.iloc[:0], npartitions=2).compute(), frame.iloc[:0])
    shuffled = frame.iloc[[3, 1, 2, 0]]
    assert_frame_equal(dd.from_pandas(shuffled, npartitions=2).compute(), shuffled.sort_index())
    assert_frame_equal(dd.from_pandas(shuffled, npartitions=2, sort=False).compute(), shuffled)
    assert not dd.from_pandas(shuffled, npartitions=2, sort=False).known_divisions
    with pytest.raises(ValueError, match="not both"):
        dd.from_pandas(frame, npartitions=2, chunksize=2)
    with pytest.raises(TypeError, match="list"):
        dd.from_pandas([1, 2])
    with pytest.raises(TypeError, match="mixed"):
        dd.from_pandas(pd.DataFrame({"mixed": [1, "a"]}), npartitions=1)
    with pytest.raises(TypeError, match=r"'d'.*finite.*None in its place"):
        dd.from_pandas(pd.DataFrame({"d": [Decimal("1.5"), Decimal("Infinity")]}), npartitions=1)


def test_from_dict_and_from_map():
    assert_frame_equal(dd.from_dict({"a": [1, 2]}, npartitions=2).compute(), pd.DataFrame({"a": [1, 2]}))
    made = dd.from_map(lambda n: pd.DataFrame({"n": [n, n * 2]}), [1, 2])
    assert made.npartitions == 2 and made.n.compute().tolist() == [1, 2, 2, 4]


def test_nested_values_are_python_objects():
    frame = pd.DataFrame({"d": [{"a": 1}, {"b": [2]}, None], "l": [[1], [], [2, 3]]})
    actual = dd.from_pandas(frame, npartitions=2).compute()
    assert actual.d.tolist()[:2] == [{"a": 1}, {"b": [2]}] and pd.isna(actual.d[2])
    assert actual.l.tolist() == [[1], [], [2, 3]]


def test_concat(frame, lazy):
    assert_frame_equal(dd.concat([lazy, lazy[lazy.i > 3]]).compute(), pd.concat([frame, frame[frame.i > 3]]))
    assert_series_equal(dd.concat([lazy.i, lazy.i]).compute(), pd.concat([frame.i, frame.i]))
    a, b = frame[["i", "s"]], frame[["i", "f"]]
    assert_frame_equal(dd.concat([lazy[["i", "s"]], lazy[["i", "f"]]]).compute(), pd.concat([a, b]))
    assert_frame_equal(dd.concat([lazy[["i", "s"]], lazy[["i", "f"]]], join="inner").compute(), pd.concat([a, b], join="inner"))
    assert dd.concat([lazy, frame]).npartitions == 4


def test_display(lazy):
    text = repr(lazy)
    assert text.startswith("Millstream DataFrame Structure:")
    assert "npartitions=3" in text and "int64" in text and "..." in text
    assert "<table" in lazy._repr_html_() and "Millstream DataFrame Structure" in lazy._repr_html_()
    assert "dtype: int64" in repr(lazy.i) and "npartitions=3" in repr(lazy.i)
    assert "dtype=int64" in repr(lazy.i.sum())
    assert "Empty" in repr(lazy[[]])


def test_explain(lazy):
    text = lazy[lazy.i > 2][["s"]].explain()
    assert "Filter" in text and "i > 2" in text
    assert "Aggregate" in lazy.groupby("k").i.sum().explain(optimized=False)


def test_the_report_of_a_run_is_kept(lazy):
    result = lazy.groupby("k").i.sum()
    assert result.last_report is None
    result.compute()
    assert dict(result.last_report)


def test_concat_finds_the_type_that_holds_both():
    types = ["int8", "int16", "int64", "uint8", "uint64", "float32", "float64"]
    for a in types:
        for b in types:
            frames = [pd.DataFrame({"q": pd.Series([1, 0], dtype=a)}), pd.DataFrame({"q": pd.Series([2, 3], dtype=b)})]
            actual = dd.concat([dd.from_pandas(frame, npartitions=1) for frame in frames]).compute()
            assert_frame_equal(actual, pd.concat(frames))
    with pytest.raises(TypeError, match="astype"):
        dd.concat([dd.from_dict({"q": [1]}), dd.from_dict({"q": [True]})])


def test_a_frame_does_not_combine_with_a_series(lazy):
    with pytest.raises(NotImplementedError, match="one by one"):
        lazy[["i", "j"]] + lazy.i


def test_what_is_not_there_yet_says_so(lazy):
    for thing, names in (
        (lazy, ("set_index", "merge", "describe", "drop_duplicates", "rolling", "iloc", "query", "cumsum")),
        (lazy.i, ("quantile", "shift", "drop_duplicates")),
        (lazy.groupby("k"), ("apply", "median", "transform")),
        (lazy.groupby("k").i, ("apply", "cumsum")),
        (dd, ("merge", "Aggregation", "read_sql_table", "read_feather", "read_orc")),
        (db, ("from_url", "range", "zip")),
        (db.from_sequence([1]), ("foldby", "join", "str", "to_textfiles")),
    ):
        for name in names:
            assert not hasattr(thing, name)
            with pytest.raises(NotImplementedError, match="not there yet"):
                getattr(thing, name)
        with pytest.raises(AttributeError, match="nonsense"):
            thing.nonsense  # noqa: B018


def test_categories_of_times_keep_their_zone():
    series = pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-01"])).dt.tz_localize("Europe/Berlin")
    actual = dd.from_pandas(series, npartitions=2).astype("category").compute()
    assert_series_equal(actual, series.astype("category"))


def test_durations_as_text():
    series = pd.Series(pd.to_timedelta([1, None, -1500], unit="ms"), name="d")
    actual = dd.from_pandas(series, npartitions=1).astype(str).compute()
    assert_series_equal(actual, series.astype(str))


def test_compute_looks_into_containers(frame, lazy):
    (rows, sums), found, plain = dd.compute([lazy.i, (lazy.i.sum(), 1)], {"m": lazy.j.max(), "t": "text"}, 7)
    assert_series_equal(rows, frame.i)
    assert sums == (frame.i.sum(), 1) and found == {"m": frame.j.max(), "t": "text"} and plain == 7
    (kept,) = dd.compute([lazy.i], traverse=False)
    assert kept[0] is not None and not isinstance(kept[0], pd.Series)


def test_concat_of_times_takes_the_finer_unit():
    coarse = pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]).as_unit("s"), "d": pd.to_timedelta([1], unit="s").as_unit("s")})
    fine = pd.DataFrame({"t": pd.to_datetime(["2020-01-01 00:00:00.123456789"]), "d": pd.to_timedelta([1], unit="ms")})
    for frames in ([coarse, fine], [fine, coarse]):
        stacked = dd.concat([dd.from_pandas(frame, npartitions=1) for frame in frames]).compute()
        assert_frame_equal(stacked, pd.concat(frames))
        indexed = [frame.set_index("t") for frame in frames]
        assert_frame_equal(dd.concat([dd.from_pandas(frame, npartitions=1) for frame in indexed]).compute(), pd.concat(indexed))
    zoned = fine.assign(t=fine.t.dt.tz_localize("UTC"))
    with pytest.raises(TypeError, match=r"column 't'.*astype"):
        dd.concat([dd.from_pandas(frame, npartitions=1) for frame in (coarse, zoned)])


def test_concat_refuses_what_it_would_ignore(lazy):
    with pytest.raises(NotImplementedError, match="reset_index"):
        dd.concat([lazy, lazy], ignore_index=True)
    with pytest.raises(TypeError, match="keys"):
        dd.concat([lazy, lazy], keys=["a", "b"])


def test_fields_of_json_text():
    lazy = dd.from_pandas(pd.DataFrame({"r": [{"n": "x", "i": 1}, {"n": "y"}]}), npartitions=1)
    with pytest.raises(TypeError, match="map"):
        lazy.r.struct.field("n")
    assert lazy.r.map(lambda record: record.get("n"), meta=("n", "str")).compute().tolist() == ["x", "y"]


MASK = [True, False, True, False, True, False, True, False]


@pytest.mark.parametrize(
    "mask", [MASK, np.array(MASK), pd.Series(MASK), pd.array(MASK, dtype="boolean")], ids=lambda m: type(m).__name__
)
def test_booleans_in_memory_choose_no_rows_and_the_error_says_what_does(frame, lazy, mask):
    for choose in (lambda: lazy[mask], lambda: lazy.i[mask], lambda: lazy.loc[mask], lambda: lazy.loc[mask, "i"]):
        with pytest.raises(NotImplementedError, match=r"df\.index\.isin\(mask\.index\[mask\]\)"):
            choose()
    series = pd.Series(mask)
    assert_frame_equal(lazy[lazy.index.isin(series.index[series])].compute(), frame[series])  # as the error says


def test_reset_index_names_the_values(frame, lazy):
    assert_frame_equal(
        lazy.groupby("k").size().reset_index(name="n").compute(), frame.groupby("k").size().reset_index(name="n")
    )
    assert_frame_equal(
        lazy.groupby("k").i.sum().reset_index(name="n").compute(), frame.groupby("k").i.sum().reset_index(name="n")
    )
    with pytest.raises(ValueError, match="already exists"):
        lazy.groupby("k").i.sum().reset_index(name="k")


def test_groups_with_keys_as_columns_are_told_how(frame, lazy):
    with pytest.raises(NotImplementedError, match=r"reset_index\(\)"):
        lazy.groupby("k", as_index=False)
    assert_frame_equal(lazy.groupby("k").i.sum().reset_index().compute(), frame.groupby("k", as_index=False).i.sum())
    assert_frame_equal(lazy.groupby("k").size().reset_index(name="size").compute(), frame.groupby("k", as_index=False).size())
    with pytest.raises(TypeError, match="as_index"):
        lazy.i.groupby(lazy.k, as_index=False)


def test_clusters_are_not_there_yet():
    with pytest.raises(ImportError, match=r"not there yet.*configure\(threads="):
        import millstream.distributed  # noqa: F401
