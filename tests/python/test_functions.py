"""Text, times, and users' Python functions, against pandas."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import millstream.dataframe as dd

TEXT = [
    lambda s: s.str.upper(),
    lambda s: s.str.lower(),
    lambda s: s.str.len(),
    lambda s: s.str.strip(),
    lambda s: s.str.lstrip(),
    lambda s: s.str.rstrip("!"),
    lambda s: s.str.startswith("He"),
    lambda s: s.str.endswith("o"),
    lambda s: s.str.contains("l+o"),
    lambda s: s.str.contains(".", regex=False),
    lambda s: s.str.contains("HELLO", case=False),
    lambda s: s.str.contains("l", na=False),
    lambda s: s.str.replace("l", "L"),
    lambda s: s.str.replace("l+", "_", regex=True),
    lambda s: s.str.slice(1, 3),
    lambda s: s.str[:2],
    lambda s: s.str[-2:],
    lambda s: s.str[0],
    lambda s: s.str.title(),
    lambda s: s.str.zfill(8),
    lambda s: s.str.capitalize(),
    lambda s: s.str.find("l"),
    lambda s: s.str.count("l"),
    lambda s: (s + "\n").str.count("o$"),
    lambda s: (s + "\n").str.replace("o$", "0", regex=True),
    lambda s: (s + "\n").str.contains("o$"),
    lambda s: (s + "\nx").str.contains("(?m)o$"),
    lambda s: (s + "\n").str.fullmatch("hello$"),
    lambda s: s.str.replace("", "Z"),
    lambda s: s.str.replace("", "Z", n=1),
    lambda s: s.str.replace("", "Z", regex=True),
    lambda s: s.str.replace("", ""),
    lambda s: s.str.pad(7, "both", "*"),
    lambda s: s.str.pad(8, "both", "*"),
    lambda s: s.str.center(9),
    lambda s: s * 2,
    lambda s: 2 * s,
]


@pytest.mark.parametrize("program", TEXT)
def test_text(program):
    series = pd.Series(["Hello", " world ", None, "", "über.o", "hello!", "straße"], name="s")
    expected, actual = program(series), program(dd.from_pandas(series, npartitions=2)).compute()
    assert_series_equal(actual, expected, check_dtype=expected.dtype != object)


def test_joining_text(check, lazy):
    check(lambda df: df.s.str.cat(df.k))
    check(lambda df: df.s.str.cat([df.k, df.s], sep="-", na_rep="?"))
    check(lambda df: df.s.str.cat(df.k.str.upper(), sep=", "))
    with pytest.raises(NotImplementedError, match="Series"):
        lazy.s.str.cat()
    with pytest.raises(TypeError, match="text or times"):
        lazy.t.dt.to_period("M")


PATTERNS = [r"\d", r"\w+", r"\s", r"[\w-]+$", r"\W", r"^\S*$", "o$"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_know_unicode(pattern):
    series = pd.Series(["٣", "é", "a\u00a0b", "x\u2003", "\x0b", "two\n", "straße", None], name="s")
    lazy = dd.from_pandas(series, npartitions=1)
    for method in ("contains", "match", "fullmatch", "count"):
        expected, actual = getattr(series.str, method)(pattern), getattr(lazy.str, method)(pattern).compute()
        if method != "count" or "$" not in pattern:  # which is found twice in Python, before and after a final line feed
            assert_series_equal(actual, expected, check_dtype=False)


def test_years_that_the_parts_of_times_cannot_have_are_errors():
    far = dd.from_pandas(pd.DataFrame({"t": np.array([0, 2**62, -(2**62)], "M8[us]")}), npartitions=1)
    with pytest.raises(ValueError, match=r"dt_year: a time in the year -?14"):
        far.t.dt.year.compute()
    near = pd.DataFrame({"t": np.array(["32766-12-31", "-32766-01-01", "NaT"], "M8[s]")})
    assert_series_equal(dd.from_pandas(near, npartitions=1).t.dt.year.compute(), near.t.dt.year)


TIMES = [
    lambda s: s.dt.year,
    lambda s: s.dt.month,
    lambda s: s.dt.day,
    lambda s: s.dt.hour,
    lambda s: s.dt.minute,
    lambda s: s.dt.second,
    lambda s: s.dt.day_of_week,
    lambda s: s.dt.day_of_year,
    lambda s: s.dt.quarter,
    lambda s: s.dt.days_in_month,
    lambda s: s.dt.is_leap_year,
    lambda s: s.dt.normalize(),
    lambda s: s.dt.floor("h"),
    lambda s: s.dt.round("D"),
    lambda s: s.dt.round("2h"),
    lambda s: s.dt.as_unit("s"),
    lambda s: s.dt.strftime("%Y-%m"),
    lambda s: s.dt.date,
]


@pytest.mark.parametrize("program", TIMES)
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_times(program, unit):
    series = pd.Series(
        pd.to_datetime(["2013-01-01 15:11:48", "1969-07-20 20:17", "2016-02-29"], format="ISO8601").as_unit(unit), name="t"
    )
    expected, actual = program(series), program(dd.from_pandas(series, npartitions=2)).compute()
    assert_series_equal(actual, expected, check_dtype=expected.dtype.kind not in "iM")


@pytest.mark.parametrize("freq", ["D", "h", "15min", "s", "ms"])
@pytest.mark.parametrize("zone", [None, "Asia/Kolkata"])
def test_half_way_times_round_to_the_even_step(freq, zone):
    steps = pd.Timedelta(1, "D") if freq == "D" else pd.Timedelta(freq if freq[0].isdigit() else "1" + freq)
    series = pd.Series([pd.Timestamp("1969-12-30") + steps * (n / 2) for n in range(9)]).dt.tz_localize(zone)
    assert_series_equal(dd.from_pandas(series, npartitions=2).dt.round(freq).compute(), series.dt.round(freq))


def test_coarser_units_round_down():
    series = pd.Series(pd.to_datetime(["1969-12-31 23:59:59.999", "1900-01-01 00:00:00.000001"], format="ISO8601"))
    for unit in ("s", "ms", "ns"):
        assert_series_equal(dd.from_pandas(series, npartitions=1).dt.as_unit(unit).compute(), series.dt.as_unit(unit))


def test_parts_of_missing_times(check):
    check(lambda df: df.t.dt.year)


def test_accessors_that_give_frames(check):
    check(lambda df: df.s.str.extract("([ab])(c?)"))
    check(lambda df: df.k.str.extract("(?P<letter>.)"))
    check(lambda df: df.t.dt.isocalendar(), check_dtype=False)


def test_accessors_of_the_wrong_type(lazy):
    with pytest.raises(AttributeError, match="string values"):
        lazy.i.str.upper()
    with pytest.raises(AttributeError, match="datetimelike"):
        lazy.s.dt.year  # noqa: B018
    with pytest.raises(AttributeError, match="nonsense"):
        lazy.s.str.nonsense()


def test_the_first_and_last_times_of_pandas():
    texts = pd.Series([str(pd.Timestamp.min), str(pd.Timestamp.max)])
    times = dd.from_pandas(texts.to_frame("t"), npartitions=1).t.astype("datetime64[ns]").compute()
    assert times.tolist() == [pd.Timestamp.min, pd.Timestamp.max]


def test_the_first_and_last_durations_of_pandas(tmp_path):
    frame = pd.DataFrame({"d": [pd.Timedelta.min, pd.Timedelta.max], "t": [pd.Timestamp.min, pd.Timestamp.max]})
    lazy = dd.from_pandas(frame, npartitions=1)
    for part in ("days", "seconds", "microseconds"):
        assert getattr(lazy.d.dt, part).compute().tolist() == getattr(frame.d.dt, part).tolist()
    lazy[["t"]].to_csv(tmp_path / "t.csv", single_file=True, index=False)
    assert (tmp_path / "t.csv").read_text().split() == frame[["t"]].to_csv(index=False).split()


@pytest.mark.parametrize(
    "program",
    [
        lambda df: df.u.fillna(df.n),
        lambda df: df.s.fillna(df.n),
        lambda df: df.z.fillna(df.zn),
        lambda df: df.s.where(df.i == 0, pd.Timestamp("2000-01-02 00:00:00.5")),
        lambda df: df.s.mask(df.i == 0, pd.Timestamp("2000-01-02")),
        lambda df: df.s.mask(df.i == 0, df.u),
        lambda df: df.s.clip(lower=pd.Timestamp("2000-01-02 00:00:00.5")),
        lambda df: df.z.where(df.i == 0, pd.Timestamp("2000-01-02 00:00:00.5", tz="UTC")),
        lambda df: df.td.clip(lower=pd.Timedelta("1500ms")),
        lambda df: df.td.where(df.i == 0, pd.Timedelta("1ms")),
        lambda df: df.td.where(df.i == 0, pd.Timedelta("1s")),
        lambda df: df.td.fillna(pd.Timedelta("2500ms")),
    ],
)
def test_finer_times_are_not_cut(program):
    days = pd.to_datetime(["2000-01-02", None, "2000-01-04"])
    fine = pd.to_datetime(["2000-01-02 00:00:00.123456789"] * 3).as_unit("ns")
    frame = pd.DataFrame({
        "u": days.as_unit("us"), "s": days.as_unit("s"), "n": fine, "i": [0, 1, 1],
        "z": days.as_unit("s").tz_localize("Europe/Paris"), "zn": fine.tz_localize("Europe/Paris"),
        "td": pd.to_timedelta([1, None, 3], unit="s").as_unit("s"),
    })  # fmt: skip
    expected, actual = program(frame), program(dd.from_pandas(frame, npartitions=1)).compute()
    assert actual.astype(expected.dtype).equals(expected)


def test_finer_times_of_day_are_not_cut(tmp_path):
    table = pa.table({
        "ms": pa.array([1, None], pa.time32("ms")), "us": pa.array([2, 3], pa.time64("us")), "i": [0, 1],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    df = dd.read_parquet(tmp_path / "t.parquet")
    expected = [datetime.time(microsecond=1000), datetime.time(microsecond=3)]
    assert df.ms.fillna(df.us).compute().tolist() == expected
    assert df.ms.where(df.i == 0, df.us).compute().tolist() == expected
    assert (df.ms > df.us).compute().tolist() == [True, False]


def test_times_that_a_finer_unit_has_no_room_for_are_errors():
    frame = pd.DataFrame(
        {"s": pd.to_datetime(["2000-01-01", None]).as_unit("s"), "n": pd.to_datetime(["2000-01-01"] * 2).as_unit("ns")}
    )
    frame.loc[0, "s"] = pd.Timestamp("9999-12-31").as_unit("s")
    lazy = dd.from_pandas(frame, npartitions=1)
    for program in (lambda df: df.s.fillna(df.n), lambda df: df.s > df.n):
        with pytest.raises(ValueError, match="out of bounds"):
            program(lazy).compute()


@pytest.mark.parametrize(
    "program",
    [
        lambda df: df.z - pd.Timestamp("2000-01-02"),
        lambda df: pd.Timestamp("2000-01-02") - df.z,
        lambda df: df.n - pd.Timestamp("2000-01-02", tz="UTC"),
        lambda df: df.z.fillna(pd.Timestamp("2000-01-02")),
        lambda df: df.z.where(df.z.notna(), df.n),
        lambda df: df.n.fillna(df.z),
        lambda df: df.n.fillna(pd.Timestamp("2000-01-02", tz="UTC")),
    ],
)
def test_times_with_and_without_a_zone_do_not_mix(program):
    naive = pd.to_datetime(["2000-01-02", None])
    lazy = dd.from_pandas(pd.DataFrame({"n": naive, "z": naive.tz_localize("America/New_York")}), npartitions=1)
    with pytest.raises(TypeError):
        program(lazy).compute()


def test_to_datetime():
    text = pd.Series(["2013-01-01 15:11:48", "2014-02-03 00:00:00", None], name="t")
    lazy = dd.from_pandas(text, npartitions=2)
    assert_series_equal(dd.to_datetime(lazy).compute(), pd.to_datetime(text), check_dtype=False)
    assert dd.to_datetime(lazy).dtype.kind == "M"
    bad = dd.from_pandas(pd.Series(["2013-01-01", "soon"], name="t"), npartitions=1)
    with pytest.raises(ValueError, match="soon"):
        dd.to_datetime(bad).compute()
    assert dd.to_datetime(bad, errors="coerce").compute().isna().tolist() == [False, True]
    days = dd.from_pandas(pd.Series(["03/01/2013"], name="t"), npartitions=1)
    assert dd.to_datetime(days, format="%d/%m/%Y").compute()[0] == pd.Timestamp("2013-01-03")
    seconds = dd.from_pandas(pd.Series([0, 86400], name="t"), npartitions=1)
    assert dd.to_datetime(seconds, unit="s").compute()[1] == pd.Timestamp("1970-01-02")


def test_map(check):
    check(lambda df: df.i.map(lambda v: v * 1.5))
    check(lambda df: df.k.map({"x": 1, "y": 2}))
    check(lambda df: df.k.map(lambda v: {"x": "ex"}.get(v, "why")))
    check(lambda df: df.i.apply(lambda v, n: v + n, args=(2,)))


def test_mapped_columns_still_belong_to_their_frame(check):
    check(lambda df: df.assign(n=df.i.map(lambda v: v * 2), m=df.j + df.i.map(lambda v: v - 1)))
    check(lambda df: df[df.i.map(lambda v: v % 2) == 1][["i", "s"]])


def test_apply_to_rows(check):
    check(lambda df: df.apply(lambda row: row.i * 2 + row.j, axis=1))
    check(lambda df: df.assign(n=df[["i", "j"]].apply(lambda row: f"{row.i}-{row.j}", axis=1)))
    check(lambda df: df[["i", "j"]].apply(lambda row: pd.Series({"a": row.i, "b": row.j}), axis=1))


def test_apply_with_meta(frame, lazy):
    actual = lazy.apply(lambda row: row.i / row.j, axis=1, meta=("ratio", "float64"))
    assert actual.name == "ratio" and actual.dtype == "float64"
    assert_series_equal(actual.compute(), (frame.i / frame.j).rename("ratio"))


def test_map_partitions(frame, lazy):
    assert_frame_equal(lazy.map_partitions(lambda df: df.assign(n=df.i * 2)).compute(), frame.assign(n=frame.i * 2))
    assert_series_equal(lazy.map_partitions(lambda df: df.i + df.j).compute(), frame.i + frame.j)
    assert_series_equal(lazy.i.map_partitions(lambda s: s + 1).compute(), frame.i + 1)
    assert lazy.map_partitions(len).compute().tolist() == [3, 3, 2]
    assert lazy.map_partitions(lambda df, n, m=0: df.head(n + m), 1, m=1).compute().index.tolist() == [0, 1, 3, 4, 6, 7]


@pytest.mark.parametrize(
    "meta",
    [
        {"n": "int64", "s": "str"},
        [("n", "int64"), ("s", str)],
        pd.DataFrame({"n": [1], "s": ["a"]}),
    ],
)
def test_meta_in_all_its_forms(frame, lazy, meta):
    called = lazy.map_partitions(lambda df: pd.DataFrame({"n": df.i, "s": df.s}), meta=meta)
    assert called.dtypes.astype(str).to_dict() == {"n": "int64", "s": "str"}
    assert_frame_equal(called.compute(), frame[["i", "s"]].rename(columns={"i": "n"}))


def test_meta_is_found_without_running(lazy):
    def fails_on_real_data(df):
        assert df.i.tolist() == [1, 1]
        return df[["i"]]

    assert list(lazy.map_partitions(fails_on_real_data).columns) == ["i"]


def test_functions_that_break_their_promise(lazy):
    with pytest.raises(ValueError, match="meta"):
        lazy.map_partitions(lambda df: df.nope)
    with pytest.raises((ValueError, TypeError), match="columns"):
        lazy.map_partitions(lambda df: df[["i"]], meta={"i": "int64", "j": "int64"}).compute()
    with pytest.raises(TypeError, match="'i'"):
        lazy.map_partitions(lambda df: df[["s"]].rename(columns={"s": "i"}), meta={"i": "int64"}).compute()


def test_an_exception_of_a_users_function_arrives_with_its_type(lazy):
    class Boom(Exception):
        pass

    def explode(value):
        if value == 9:
            raise Boom("nine")
        return value

    with pytest.raises(Boom, match="nine"):
        lazy.i.map(explode, meta=("i", "int64")).compute()


def test_columns_of_map_partitions_stand_beside_their_frame(frame, lazy):
    expected = frame.assign(n=frame.i + frame.j, up=frame.k.str.upper())
    lazy["n"] = lazy.map_partitions(lambda df: df.apply(lambda row: row.i + row.j, axis=1), meta=("n", "int64"))
    lazy["up"] = lazy.k.map_partitions(lambda s: s.str.upper(), meta=("up", "str"))
    assert_frame_equal(lazy.compute(), expected)
    # filters, further columns, keys of groups and other mapped columns
    doubled = lazy.map_partitions(lambda df: df.n * 2, meta=("d", "int64"))
    assert_frame_equal(lazy[doubled > 10].compute(), expected[expected.n * 2 > 10])
    assert_series_equal((lazy.i + doubled).compute(), expected.i + expected.n * 2)
    lengths = lazy.k.map_partitions(lambda s: s.str.len(), meta=("l", "int64"))
    both = (doubled.where(lazy.b, 0) + lengths).compute()
    assert_series_equal(both, (expected.n * 2).where(expected.b, 0) + 1, check_names=False)
    assert_series_equal(
        lazy.groupby(lazy.map_partitions(lambda df: df.n % 2, meta=("odd", "int64"))).i.sum().compute(),
        expected.groupby((expected.n % 2).rename("odd")).i.sum(),
    )


def test_frames_of_map_partitions_stand_beside_their_frame(frame, lazy):
    def parts(df):
        return pd.DataFrame({"total": df.i + df.j, "name": df.k + "!"}, index=df.index)

    made = lazy.map_partitions(parts)
    assert_frame_equal(lazy.assign(total=made.total, name=made.name).compute(), frame.assign(**parts(frame)))
    assert_frame_equal(made.assign(i=lazy.i).compute(), parts(frame).assign(i=frame.i))
    kept, lazy_kept = frame[frame.i > 2].copy(), lazy[lazy.i > 2]
    lazy_kept["t2"] = lazy_kept.map_partitions(parts).total
    assert_frame_equal(lazy_kept.compute(), kept.assign(t2=kept.i + kept.j))
    assert_frame_equal(made.compute(), parts(frame))


def test_map_partitions_sees_the_frame_as_it_was(frame, lazy):
    made = lazy.map_partitions(lambda df: df.i * 2, meta=("n", "int64"))
    lazy["x"] = 1
    del lazy["s"]
    assert made.compute().tolist() == (frame.i * 2).tolist()


def test_rows_of_map_partitions_are_matched_by_their_index(frame, lazy):
    expected = frame.assign(n=frame.i * 2)
    assert_frame_equal(
        lazy.assign(n=lazy.map_partitions(lambda df: (df.i * 2).sort_values(), meta=("n", "int64"))).compute(), expected
    )
    # a function that drops rows has a result of its own
    fewer = lazy.map_partitions(lambda df: df.i[df.i > 3], meta=("i", "int64"))
    assert fewer.compute().tolist() == [4, 5, 9, 6]
    with pytest.raises(ValueError, match=r"partition \d: the function gave \d rows, and the [23] of its input"):
        lazy.assign(n=fewer).compute()
    with pytest.raises(ValueError, match="with another index"):
        lazy.assign(n=lazy.map_partitions(lambda df: df.i.set_axis(df.index + 100), meta=("n", "int64"))).compute()
    with pytest.raises(ValueError, match="one value"):
        lazy.assign(n=lazy.map_partitions(len)).compute()


def test_columns_of_map_partitions_over_files(tmp_path, frame):
    frame.drop(columns="t").to_csv(tmp_path / "x.csv", index=False)
    lazy = dd.read_csv(tmp_path / "x.csv", blocksize=64)
    lazy["n"] = lazy.map_partitions(lambda df: df.i + 1, meta=("n", "int64"))
    lazy["m"] = lazy.map_partitions(lambda df: df.n * 10, meta=("m", "int64"))
    assert lazy.npartitions > 1 and lazy.m.compute().tolist() == ((frame.i + 1) * 10).tolist()
    assert lazy[lazy.m > 30].assign(
        o=lambda df: df.map_partitions(lambda p: p.m + 1, meta=("o", "int64"))
    ).o.compute().tolist() == [n * 10 + 11 for n in frame.i if (n + 1) * 10 > 30]


OBJECTS = {
    "date": pa.array([datetime.date(2020, 1, 1), None]),
    "time": pa.array([datetime.time(1, 2, 3), None]),
    "decimal": pa.array([Decimal("12.50"), None]),
    "bytes": pa.array([b"\xff", None]),
    "list": pa.array([[1, None], None]),
    "record": pa.array([{"x": 1, "y": "q"}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
}
"""Columns that are Python objects in pandas."""


@pytest.fixture
def objects(tmp_path) -> dd.DataFrame:
    pq.write_table(pa.table({**OBJECTS, "i": [1, 2]}), tmp_path / "objects.parquet")
    return dd.read_parquet(tmp_path / "objects.parquet")


@pytest.mark.parametrize("meta", ["inferred", "own"])
@pytest.mark.parametrize("name", OBJECTS)
def test_columns_of_python_objects_pass_through_functions(tmp_path, objects, name, meta):
    values = OBJECTS[name].to_pylist()
    frame_meta = {} if meta == "inferred" else {"meta": objects._meta}
    passed = objects.map_partitions(lambda df: df, **frame_meta)
    assert passed[name].compute().tolist() == values
    series_meta = {} if meta == "inferred" else {"meta": objects[name]._meta}
    assert objects[name].map_partitions(lambda s: s, **series_meta).compute().tolist() == values
    assert objects[name].map(lambda value: value, **series_meta).compute().tolist() == values
    passed[[name]].to_parquet(tmp_path / "out")
    assert pq.read_table(tmp_path / "out").column(name).type == OBJECTS[name].type


@pytest.mark.parametrize("dtype", [object, "object", "O", np.dtype("O")], ids=repr)
def test_python_objects_stay_as_they_are_as_objects(tmp_path, objects, dtype):
    assert objects.date.astype(dtype).compute().tolist() == OBJECTS["date"].to_pylist()
    text = dd.from_pandas(pd.DataFrame({"s": ["x", "y"]}), npartitions=1)
    assert text.s.map(lambda s: s, meta=("s", dtype)).compute().tolist() == ["x", "y"]
    (tmp_path / "a.csv").write_text("a\n01\n")
    assert dd.read_csv(tmp_path / "a.csv", dtype={"a": dtype}).a.compute().tolist() == ["01"]


def test_frames_take_their_own_dtypes(objects):
    same = objects.astype(objects.dtypes.to_dict()).compute()
    assert same.date.tolist() == OBJECTS["date"].to_pylist() and same.i.tolist() == [1, 2]


def test_new_columns_beside_those_of_python_objects(objects):
    made = objects.map_partitions(lambda df: df.assign(twice=df.decimal * 2, next=df.date + pd.Timedelta(days=1)))
    assert made.twice.compute().tolist()[0] == Decimal("25.00")
    assert objects.apply(lambda row: row.date, axis=1).compute().tolist() == OBJECTS["date"].to_pylist()
    text = objects.map_partitions(lambda df: df.assign(date=df.date.astype(str)))
    assert text.date.compute()[0] == "2020-01-01"


def test_an_index_of_python_objects_passes_through_functions(objects):
    by_date = objects[["date", "i"]].map_partitions(lambda df: df.set_index("date"))
    assert by_date.map_partitions(lambda df: df + 1).compute().index.tolist() == OBJECTS["date"].to_pylist()
    assert by_date.map_partitions(lambda df: df.reset_index()).date.compute().tolist() == OBJECTS["date"].to_pylist()


def test_nested_json_passes_through_functions(tmp_path):
    records = [{"a": 1, "n": {"x": 1}, "l": [1, "a"], "v": {"p": 1}}, {"a": 2, "n": {"x": 2}, "l": [], "v": {"q": {"z": [1]}}}]
    (tmp_path / "x.json").write_text("".join(json.dumps(record) + "\n" for record in records))
    lazy = dd.read_json(tmp_path / "x.json")
    made = lazy.map_partitions(lambda df: df.assign(b=df.a * 2)).compute()
    assert made.to_dict("records") == [{**record, "b": record["a"] * 2} for record in records]
    assert lazy.map_partitions(lambda df: df, meta=lazy._meta).compute().to_dict("records") == records


def test_dicts_and_lists_of_functions_are_held_as_json(lazy):
    def records(df):
        return pd.DataFrame({"r": [{"a": [int(i)]} for i in df.i]}, index=df.index)

    expected = [{"a": [i]} for i in (3, 1, 4, 1, 5, 9, 2, 6)]
    assert lazy.map_partitions(records).r.compute().tolist() == expected
    assert lazy.map_partitions(records, meta={"r": dict}).r.compute().tolist() == expected
    assert lazy.i.map(lambda i: {"a": [i]}, meta=("r", dict)).compute().tolist() == expected
    with pytest.raises(TypeError, match=r"column 'r'.*no string.*meta=\('r', dict\)"):
        lazy.map_partitions(records, meta={"r": "object"}).compute()


def test_json_of_functions_has_null_for_what_it_has_no_number_for(tmp_path):
    nan, infinity = float("nan"), float("inf")
    record = {"a": nan, "b": [1.5, -infinity, np.float32("nan")], "c": {"d": np.array([infinity])}, "e": pd.NaT, "f": pd.NA}
    lazy = dd.from_pandas(pd.DataFrame({"i": [1]}), npartitions=1).map_partitions(
        lambda _: pd.Series([record]), meta=("r", dict)
    )
    expected = {"a": None, "b": [1.5, None, None], "c": {"d": [None]}, "e": None, "f": None}
    assert lazy.compute().tolist() == [expected]
    lazy.to_frame().to_json(tmp_path / "out")
    (text,) = [path.read_text() for path in (tmp_path / "out").iterdir()]
    assert json.loads(text, parse_constant=pytest.fail) == {"r": expected}


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (bytes, b"x"),
        ("date32[day][pyarrow]", datetime.date(2020, 1, 1)),
        (pa.decimal128(10, 2), Decimal("1.25")),
        (pa.list_(pa.int64()), [1, 2]),
        (pa.list_(pa.json_()), [1, {"x": [2]}]),
        (pa.large_list(pa.json_()), [1, {"x": [2]}]),
        (pa.struct({"x": pa.json_()}), {"x": [1]}),
        (pa.map_(pa.string(), pa.json_()), [("x", {"y": [1]})]),
    ],
    ids=str,
)
def test_meta_of_python_objects(lazy, dtype, value):
    made = lazy.i.map(lambda _: value, meta=("r", dtype))
    assert made.compute().tolist() == [value] * 8


@pytest.mark.parametrize("meta", [{"r": "category"}, {"r": pd.CategoricalDtype(["x", "y"])}])
def test_meta_of_categories(frame, lazy, meta):
    made = lazy.map_partitions(lambda df: pd.DataFrame({"r": df.k.astype("category")}), meta=meta).compute()
    assert_series_equal(made.r, frame.k.astype("category").rename("r"))


@pytest.mark.parametrize(
    ("dtype", "value", "fix"),
    [
        ("int64", 1.5, r"meta=\('r', 'float64'\) for a series or meta=\{'r': 'float64'"),
        ("str", b"x", "meta=.*binary"),
        (bytes, "x", "meta=.*'str'"),
        ("date32[day][pyarrow]", datetime.datetime(2020, 1, 1, 5), "meta=.*'datetime64.us.'"),
        ("datetime64[us]", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), "meta=.*'datetime64.us, UTC.'"),
        ("datetime64[s]", datetime.datetime(2020, 1, 1, 0, 0, 0, 5), "meta=.*'datetime64.us.'"),
        ("int64", Decimal("2.5"), "meta="),
        (pa.decimal128(5, 2), Decimal("Infinity"), "decimals are finite"),
        ("bool", 1, "meta=.*'int64'"),
        ("float32", 1e39, "1e.39 .*too large.*meta=.*'float64'"),
    ],
)
@pytest.mark.parametrize("held_as", [None, object])
def test_values_that_do_not_fit_meta_are_errors_that_say_the_fix(lazy, dtype, value, fix, held_as):
    made = lazy.map_partitions(lambda df: pd.Series([value] * len(df), name="other", dtype=held_as), meta=("r", dtype))
    with pytest.raises(TypeError, match=f"(?s)column 'r'.*{fix}"):
        made.compute()


@pytest.mark.parametrize("value", [["abc"], ["ab"], [1], [("a", 1, 2)], [None], "ab", 1])
def test_values_that_are_no_maps(lazy, value):
    made = lazy.i.map(lambda _: value, meta=("r", pa.map_(pa.string(), pa.int64())))
    with pytest.raises(TypeError, match=r"(?s)column 'i'.* is no map<string, int64>.*meta="):
        made.compute()


@pytest.mark.parametrize("dtype", ["float64", "Float64", "float64[pyarrow]", "category"])
def test_narrow_floats_are_rounded_but_do_not_become_infinite(lazy, dtype):
    meta = ("r", pd.CategoricalDtype(pd.Index([], dtype="float32")) if dtype == "category" else "float32")

    def held(*values):
        return lazy.map_partitions(lambda df: pd.Series([*values, values[0]][: len(df)], dtype=dtype), meta=meta)

    with pytest.raises(TypeError, match=r"column 'r'.*1e\+39.*too large"):
        held(1.0, 1e39).compute()
    assert held(0.1, float("inf")).compute().astype("float64").tolist()[:2] == [np.float32(0.1), float("inf")]
    if dtype == "category":  # of which no row has the last
        unused = pd.CategoricalDtype([1.0, 1e39])
        made = lazy.map_partitions(lambda df: pd.Series([1.0] * len(df), dtype=unused), meta=("r", "float32"))
        assert set(made.compute()) == {1.0}


def test_a_result_of_apply_that_does_not_fit_is_named(lazy):
    with pytest.raises(TypeError, match=r"the result of apply .*meta=\(None, 'float64'\)"):
        lazy.apply(lambda row: row.i / 2 if row.i > 1 else 1, axis=1, meta=(None, "int64")).compute()
