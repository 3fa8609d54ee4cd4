"""What a write does to what is there already."""

import pandas as pd
import pytest

import millstream.dataframe as dd


def frame(values, npartitions=1):
    return dd.from_pandas(pd.DataFrame({"a": values}), npartitions=npartitions)


def test_other_files_stay_unless_overwrite_is_asked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    frame([1, 2], npartitions=2).to_parquet(str(tmp_path), write_index=False)
    frame([3]).to_parquet(str(tmp_path), write_index=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes.txt", "part.0.parquet", "part.1.parquet"]
    frame([4]).to_parquet(str(tmp_path), write_index=False, overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part.0.parquet"]
    assert dd.read_parquet(str(tmp_path)).a.compute().tolist() == [4]


def test_the_working_directory_is_never_cleared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="working directory"):
        frame([1]).to_parquet(".", overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_append_goes_on_numbering(tmp_path):
    frame([1, 2], npartitions=2).to_parquet(str(tmp_path), write_index=False)
    frame([3]).to_parquet(str(tmp_path), write_index=False, append=True)
    assert dd.read_parquet(str(tmp_path)).a.compute().tolist() == [1, 2, 3]
