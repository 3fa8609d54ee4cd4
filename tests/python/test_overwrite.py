"""What a write does to what is there already."""

import gzip

import pandas as pd
import pytest

import millstream.dataframe as dd


def frame(values, npartitions=1):
    return dd.from_pandas(pd.DataFrame({"a": values}), npartitions=npartitions)


def test_other_files_stay_unless_overwrite_is_asked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    frame([1, 2], npartitions=2).to_parquet(str(tmp_path), write_index=False)
    frame([3]).to_parquet(str(tmp_path), write_index=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes.txt", "part.0.parquet"]
    frame([4]).to_parquet(str(tmp_path), write_index=False, overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part.0.parquet"]
    assert dd.read_parquet(str(tmp_path)).a.compute().tolist() == [4]


def test_the_working_directory_is_never_cleared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="working directory"):
        frame([1]).to_parquet(".", overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_fewer_parts_replace_all_older_ones(tmp_path):
    """Parts of two outputs in one folder would be read as one: rows that neither has."""
    for write in ("to_parquet", "to_csv", "to_json", "to_avro"):
        place = tmp_path / write
        getattr(frame([1, 2, 3], npartitions=3), write)(str(place))
        getattr(frame([4]), write)(str(place))
        assert len(list(place.iterdir())) == 1, write


def test_files_that_only_look_like_parts_stay(tmp_path):
    for start in ("", "department-", "part-"):
        (tmp_path / f"{start}2024.csv").write_text("mine")
        frame([1, 2], npartitions=2).to_csv(str(tmp_path / f"{start}*.csv"))
        frame([3]).to_csv(str(tmp_path / f"{start}*.csv"))
        names = sorted(file.name for file in tmp_path.glob(f"{start}[0-9]*"))
        assert names == [f"{start}0.csv", f"{start}1.csv", f"{start}2024.csv"]
        assert (tmp_path / f"{start}2024.csv").read_text() == "mine"


def test_folders_that_get_no_rows_stay(tmp_path):
    days = pd.DataFrame({"day": [1, 2], "a": [10, 20]})
    dd.from_pandas(days, npartitions=2).to_parquet(str(tmp_path), partition_on="day", write_index=False)
    update = pd.DataFrame({"day": [2], "a": [21]})
    dd.from_pandas(update, npartitions=1).to_parquet(str(tmp_path), partition_on="day", write_index=False)
    assert sorted(dd.read_parquet(str(tmp_path)).a.compute()) == [10, 21]


@pytest.mark.parametrize("partition_on", [None, "k"])
def test_append_refuses_other_columns(tmp_path, partition_on):
    old = pd.DataFrame({"k": ["a", "b"], "v": [1, 2], "w": ["x", None]})
    write = {"write_index": False, "partition_on": partition_on}
    dd.from_pandas(old, npartitions=1).to_parquet(str(tmp_path), **write)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    for other in (old.assign(v="text"), old.drop(columns="w"), old.assign(more=1), old.rename(columns={"v": "u"})):
        with pytest.raises(ValueError, match=r"cannot append.*v \(int64\), w \(string\)"):
            dd.from_pandas(other, npartitions=1).to_parquet(str(tmp_path), append=True, **write)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    dd.from_pandas(old.assign(w=None, v=pd.Series([3, 4], dtype="int8")), npartitions=1).to_parquet(
        str(tmp_path), append=True, **write
    )
    assert sorted(dd.read_parquet(str(tmp_path)).v.compute()) == [1, 2, 3, 4]


def test_a_single_file_is_written_through_a_link_and_keeps_its_permissions(tmp_path):
    real = tmp_path / "data" / "real.csv"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.csv").symlink_to("data/real.csv")
    frame([1]).to_csv(str(tmp_path / "link.csv"), single_file=True, index=False)
    assert (tmp_path / "link.csv").is_symlink() and real.read_text() == "a\n1\n"
    assert real.stat().st_mode & 0o777 == 0o640


def test_links_are_followed_however_they_are_named(tmp_path):
    (tmp_path / "data").mkdir()
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.symlink_to(second)
    second.symlink_to("data/not-there-yet.csv")
    frame([1]).to_csv(f"file://{first}", single_file=True, index=False)
    assert (tmp_path / "data" / "not-there-yet.csv").read_text() == "a\n1\n"
    assert first.is_symlink() and second.is_symlink()
    (tmp_path / "round.csv").symlink_to("round.csv")
    with pytest.raises(OSError, match="too many symbolic links"):
        frame([1]).to_csv(str(tmp_path / "round.csv"), single_file=True, index=False)


def test_compression_is_told_by_the_name_that_was_given(tmp_path):
    (tmp_path / "latest.csv.gz").symlink_to("ab12")
    frame([1, 2]).to_csv(str(tmp_path / "latest.csv.gz"), single_file=True, index=False)
    assert gzip.decompress((tmp_path / "ab12").read_bytes()) == b"a\n1\n2\n"


@pytest.mark.parametrize("lazily", [False, True])
def test_append_says_how_to_write_the_same_index(tmp_path, lazily):
    indexed = dd.from_pandas(pd.DataFrame({"v": [1, -2]}, index=[5, 6]), npartitions=1)

    def append(frame, folder, **options):
        if lazily:
            return dd.compute(frame.to_parquet(tmp_path / folder, append=True, compute=False, **options))
        return frame.to_parquet(tmp_path / folder, append=True, **options)

    indexed.to_parquet(tmp_path / "with")
    again = dd.read_parquet(tmp_path / "with")
    with pytest.raises(ValueError, match=r"cannot append.*pass write_index=True"):
        append(again[again.v > 0], "with")
    append(again[again.v > 0], "with", write_index=True)
    assert pd.read_parquet(tmp_path / "with").index.tolist() == [5, 6, 5]

    indexed.to_parquet(tmp_path / "without", write_index=False)
    with pytest.raises(ValueError, match=r"cannot append.*pass write_index=False"):
        append(indexed, "without")
    append(indexed, "without", write_index=False)
    assert pd.read_parquet(tmp_path / "without").v.tolist() == [1, -2, 1, -2]


def test_append_speaks_of_no_index_where_it_is_the_same(tmp_path):
    def fail(part):
        raise ValueError("oops")

    frame([1]).to_parquet(tmp_path / "there", write_index=False)
    for folder in ("there", "nowhere"):
        broken = frame([1]).map_partitions(fail, meta={"a": "int64"})
        with pytest.raises(ValueError, match="oops") as caught:
            broken.to_parquet(tmp_path / folder, append=True)
        assert "write_index" not in str(caught.value)


def test_append_looks_at_parts_that_were_written_in_between(tmp_path):
    # As of a directory with so many rows that some of them went before the end.
    frame([1]).to_parquet(str(tmp_path), write_index=False)
    (tmp_path / "part.0.parquet").rename(tmp_path / "part.0.0.parquet")
    with pytest.raises(ValueError, match=r"cannot append.*a \(int64\)"):
        frame(["x"]).to_parquet(str(tmp_path), write_index=False, append=True)
    frame([2]).to_parquet(str(tmp_path), write_index=False, append=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part.0.0.parquet", "part.1.parquet"]


def test_append_gives_advice_to_the_write_that_failed(tmp_path):
    indexed = dd.from_pandas(pd.DataFrame({"v": [1]}, index=[5]), npartitions=1)
    indexed.to_parquet(tmp_path / "with")
    frame([1]).to_parquet(tmp_path / "other", write_index=False)
    lacks_index = indexed.reset_index(drop=True).to_parquet(tmp_path / "with", append=True, compute=False)
    other = frame(["x"]).to_parquet(tmp_path / "other", append=True, write_index=False, compute=False)
    with pytest.raises(ValueError, match="cannot append") as caught:
        dd.compute(other, lacks_index)
    assert "write_index" not in str(caught.value)


@pytest.mark.parametrize("method", ["to_avro", "to_parquet"])
@pytest.mark.parametrize("compute", [True, False])
def test_formats_that_compress_within_take_no_gz(tmp_path, method, compute):
    with pytest.raises(ValueError, match=r"compressed within: leave out \.gz"):
        getattr(frame([1]), method)(str(tmp_path / "x.*.gz"), compute=compute)
    assert list(tmp_path.iterdir()) == []


def test_append_goes_on_numbering(tmp_path):
    frame([1, 2], npartitions=2).to_parquet(str(tmp_path), write_index=False)
    frame([3]).to_parquet(str(tmp_path), write_index=False, append=True)
    assert dd.read_parquet(str(tmp_path)).a.compute().tolist() == [1, 2, 3]


def test_append_takes_no_other_file_for_a_part(tmp_path):
    frame([1]).to_parquet(str(tmp_path), write_index=False)
    (tmp_path / "part.0.parquet").rename(tmp_path / "part.1.parquet")
    (tmp_path / "part.0.parquet.crc").write_bytes(b"crc")
    frame([2]).to_parquet(str(tmp_path), write_index=False, append=True)
    assert dd.read_parquet(str(tmp_path / "*.parquet")).a.compute().tolist() == [1, 2]
