"""What a run says it did."""

import millstream.dataframe as dd


def test_rows_in_counts_rows_that_the_reader_drops(tmp_path):
    source = tmp_path / "numbers.csv"
    source.write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(10_000)))
    frame = dd.read_csv(str(source))
    report = frame[frame.a >= 9_990][["b"]].to_parquet(str(tmp_path / "out"), write_index=False)
    assert report["rows_in"] == 10_000
    assert report["rows_written"] == 10
    assert report["bytes_read"] == source.stat().st_size
    assert report["bytes_written"] == sum(file.stat().st_size for file in (tmp_path / "out").glob("*.parquet"))
    scan = report["stages"][0]["operators"][0]
    assert scan["name"] == "Scan" and scan["rows_in"] == 10_000 and scan["rows_out"] == 10
