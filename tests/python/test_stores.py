"""Reading from real web servers, reading from and writing to a real S3 server, and the store in memory."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import millstream.dataframe as dd
from fault_proxy import fault_proxy


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """2,000 rows; the shops' names need quoting in addresses and in hive directories."""
    shops = ["a b", "c/d", "e=f", "100%", "müller"]
    return pd.DataFrame(
        {
            "id": range(2000),
            "price": [i / 4 for i in range(2000)],
            "shop": [shops[i % 5] for i in range(2000)],
            "year": [2012 + i % 2 for i in range(2000)],
        }
    )


# ---- web servers


@pytest.fixture(scope="module")
def web(http_server, sales):
    """The sales as sales.csv, two halves, sales.json.gz and sales.parquet."""
    sales.to_csv(http_server.www / "sales.csv", index=False)
    sales[:1000].to_csv(http_server.www / "half-0.csv", index=False)
    sales[1000:].to_csv(http_server.www / "half 1.csv", index=False)
    sales.to_json(http_server.www / "sales.json.gz", orient="records", lines=True, force_ascii=False)
    sales.to_parquet(http_server.www / "sales.parquet", row_group_size=500)
    return http_server


@pytest.mark.parametrize("place", ["plain", "norange", "noetag", "nohead", "redirect", "encoded"])
def test_text_from_a_web_server(web, sales, place):
    csv = dd.read_csv(web.url("sales.csv", place), blocksize="16kB")
    assert_frame_equal(csv.compute().reset_index(drop=True), sales)
    lines = dd.read_json(web.url("sales.json.gz", place), compression="gzip")
    assert_frame_equal(lines.compute().reset_index(drop=True), sales, check_dtype=False)


@pytest.mark.parametrize("place", ["plain", "noetag", "nohead", "redirect"])
def test_parquet_from_a_web_server(web, sales, place):
    lazy = dd.read_parquet(web.url("sales.parquet", place))
    assert_frame_equal(lazy.compute().reset_index(drop=True), sales)
    assert lazy[lazy.id >= 1500].price.sum().compute() == sales[sales.id >= 1500].price.sum()


def test_a_server_without_ranges_cannot_give_parquet(web):
    with pytest.raises((NotImplementedError, OSError), match="cannot send parts"):
        dd.read_parquet(web.url("sales.parquet", "norange")).compute()


def test_csv_is_cut_into_blocks_only_where_the_server_sends_ranges(web):
    assert dd.read_csv(web.url("sales.csv"), blocksize="16kB").npartitions > 1
    assert dd.read_csv(web.url("sales.csv", "norange"), blocksize="16kB").npartitions == 1


def test_a_list_of_addresses(web, sales):
    lazy = dd.read_csv([web.url("half-0.csv"), web.url("half%201.csv", "norange")])
    assert lazy.npartitions == 2
    assert_frame_equal(lazy.compute().reset_index(drop=True), sales)


def test_passwords_reach_the_server_and_no_message(web, sales):
    assert dd.read_csv(web.url("sales.csv", "auth", user="etl:etlpw")).price.sum().compute() == sales.price.sum()
    header = {"headers": {"Authorization": "Basic ZXRsOmV0bHB3"}}
    assert len(dd.read_csv(web.url("sales.csv", "auth"), storage_options=header)) == 2000
    for name, user in (("sales.csv", "etl:hush"), ("gone.csv", "etl:etlpw")):
        with pytest.raises(OSError, match=f"/auth/{name}") as caught:
            dd.read_csv(web.url(name, "auth", user=user)).compute()
        assert "hush" not in str(caught.value) and "etlpw" not in str(caught.value)


def test_a_file_that_is_not_there(web):
    for read in (dd.read_csv, dd.read_json, dd.read_parquet):
        with pytest.raises(FileNotFoundError, match=re.escape(web.url("gone"))):
            read(web.url("gone"))
    with pytest.raises(OSError, match="/status/403"):
        dd.read_csv(web.url("403", "status"))


def test_web_servers_cannot_list_files(web):
    with pytest.raises(ValueError, match=r"wildcards need a store that can list"):
        dd.read_csv(web.url("half*.csv"))


def test_web_servers_cannot_be_written_to(web, sales):
    with pytest.raises((NotImplementedError, OSError), match="can only be read"):
        dd.from_pandas(sales, npartitions=1).to_parquet(web.url("out"))


class CutShort(http.server.BaseHTTPRequestHandler):
    """Tells the length of a file only where it is asked for nothing else, and then sends half of it."""

    body = b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(1000))

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body[: len(self.body) // 2])


class Undecided(http.server.BaseHTTPRequestHandler):
    """Answers with a choice of places and names none."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(300)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"choose,1\n")

    do_HEAD = do_GET


@pytest.mark.parametrize(
    ("handler", "message"), [(CutShort, "connection was lost after .* cannot continue there"), (Undecided, "answered 300")]
)
def test_answers_that_are_not_the_file(handler, message):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(OSError, match=message):
            dd.read_csv(f"http://127.0.0.1:{server.server_port}/x.csv", storage_options={"retries": 2}).compute()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ---- S3


def connect(s3_server) -> pa.fs.S3FileSystem:
    host = s3_server.endpoint_url.partition("://")[2]
    return pa.fs.S3FileSystem(
        access_key=s3_server.key, secret_key=s3_server.secret, endpoint_override=host, scheme="http", region="us-east-1"
    )


@pytest.fixture(scope="module")
def bucket(s3_server, sales):
    """s3://etl/sales: the sales as Parquet, by year and shop."""
    lazy = dd.from_pandas(sales, npartitions=4)
    report = lazy.to_parquet(
        "s3://etl/sales", partition_on=["year", "shop"], engine="pyarrow", storage_options=s3_server.options()
    )
    assert report["rows_written"] == 2000
    return s3_server


def sorted_sales(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["id", "price", "shop", "year"]
    return frame[columns].astype({"shop": "str", "year": "int64"}).sort_values("id", ignore_index=True)


def test_what_was_written_to_s3_is_read_back(bucket, sales):
    lazy = dd.read_parquet("s3://etl/sales", storage_options=bucket.options())
    assert_frame_equal(sorted_sales(lazy.compute()), sales)
    kept = lazy[(lazy.year == 2013) & (lazy.shop == "c/d")]
    assert kept.id.sum().compute() == sales[(sales.year == 2013) & (sales.shop == "c/d")].id.sum()


def test_others_read_what_was_written_to_s3(bucket, sales, tmp_path):
    filesystem = connect(bucket)
    table = pq.read_table("etl/sales", filesystem=filesystem, partitioning="hive")
    assert_frame_equal(sorted_sales(table.to_pandas()), sales)
    names = [info.path for info in filesystem.get_file_info(pa.fs.FileSelector("etl/sales", recursive=True)) if info.is_file]
    assert names and all(name.endswith(".parquet") and "_temporary" not in name for name in names)
    pa.fs.copy_files("etl/sales", str(tmp_path), source_filesystem=filesystem)
    query = f"select * from read_parquet('{tmp_path}/**/*.parquet', hive_partitioning = true)"
    assert_frame_equal(sorted_sales(duckdb.sql(query).df()), sales)


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [("year=2012/*/*.parquet", 1000), ("year=*/shop=a*/*.parquet", 400), ("**/*.parquet", 2000), ("year=201[3-9]", 1000)],
)
def test_wildcards_on_s3(bucket, pattern, rows):
    assert len(dd.read_parquet(f"s3://etl/sales/{pattern}", storage_options=bucket.options())) == rows


def test_overwriting_on_s3_leaves_only_the_new(s3_server, sales):
    options = s3_server.options()
    for part, rows in ((sales, 2000), (sales[:10], 10)):
        dd.from_pandas(part, npartitions=2).to_parquet("s3://etl/again", overwrite=True, storage_options=options)
        assert len(dd.read_parquet("s3://etl/again", storage_options=options)) == rows
    dd.from_pandas(sales, npartitions=1).to_parquet("s3://etl/again", append=True, storage_options=options)
    assert len(dd.read_parquet("s3://etl/again", storage_options=options)) == 2010


def test_text_and_avro_on_s3(s3_server, sales):
    options = s3_server.options()
    lazy = dd.from_pandas(sales, npartitions=2)
    lazy.to_csv("s3://etl/text/part-*.csv", index=False, storage_options=options)
    assert_frame_equal(dd.read_csv("s3://etl/text/*.csv", storage_options=options).compute().reset_index(drop=True), sales)
    lazy.to_json("s3://etl/text/*.json.gz", compression="gzip", storage_options=options)
    back = dd.read_json("s3://etl/text/*.json.gz", storage_options=options)
    assert_frame_equal(back.compute().reset_index(drop=True), sales)
    lazy.to_avro("s3://etl/text/*.avro", storage_options=options)
    back = dd.read_avro("s3://etl/text/*.avro", storage_options=options)
    assert_frame_equal(back.compute().reset_index(drop=True), sales)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"anon": "false"}, r"'anon' must be the boolean .* not the text \"false\""),
        ({"keyy": "x"}, "unknown key 'keyy'"),
        ({"client_kwargs": {"endpoint": "x"}}, "client_kwargs: unknown key 'endpoint'"),
        ({"config_kwargs": {"s3": {"signature_version": "s3"}}}, "must be s3v4, not 's3'"),
        ({"secret": None}, "'key' is given without 'secret'"),
        ({"secret": 12345678}, "'secret' must be a string"),
    ],
)
def test_storage_options_that_cannot_work(s3_server, sales, changes, message):
    options = s3_server.options(**changes)
    with pytest.raises(ValueError, match=message) as caught:
        dd.read_parquet("s3://etl/sales", storage_options=options)
    assert "12345678" not in str(caught.value)
    with pytest.raises(ValueError, match=message):
        dd.from_pandas(sales, npartitions=1).to_parquet("s3://etl/never", storage_options=options)


def test_a_wrong_secret(bucket, sales):
    options = bucket.options(secret="hushhush")
    with pytest.raises(OSError, match="s3://etl/sales") as caught:
        dd.read_parquet("s3://etl/sales", storage_options=options).compute()
    assert "hushhush" not in str(caught.value)
    with pytest.raises(OSError, match="s3://etl/never") as caught:
        dd.from_pandas(sales, npartitions=1).to_parquet("s3://etl/never", storage_options=options)
    assert "hushhush" not in str(caught.value)


def test_what_is_not_on_s3(s3_server):
    for path in ("s3://etl/gone", "s3://etl/gone/*.parquet", "s3://no-such-bucket/x"):
        with pytest.raises(FileNotFoundError, match=re.escape(path)):
            dd.read_parquet(path, storage_options=s3_server.options())


def test_a_failed_write_leaves_nothing_on_s3(s3_server, sales):
    def explode(part):
        if 1999 in part.id.values:
            raise RuntimeError("half way")
        return part

    with pytest.raises(RuntimeError, match="half way"):
        dd.from_pandas(sales, npartitions=4).map_partitions(explode).to_parquet(
            "s3://etl/failed", storage_options=s3_server.options()
        )
    selector = pa.fs.FileSelector("etl/failed", recursive=True, allow_not_found=True)
    assert not [info for info in connect(s3_server).get_file_info(selector) if info.is_file]


def objects_below(s3_server, folder):
    selector = pa.fs.FileSelector(folder, recursive=True, allow_not_found=True)
    return [info.path for info in connect(s3_server).get_file_info(selector) if info.is_file]


@pytest.fixture
def faulty(s3_server):
    """A proxy before the S3 server, and the storage_options to go through it."""
    with fault_proxy(s3_server.endpoint_url) as proxy:
        kwargs = {"endpoint_url": proxy.url, "region_name": "us-east-1"}
        yield proxy, s3_server.options(client_kwargs=kwargs)


def test_an_object_that_is_replaced_while_it_is_read_is_an_error(s3_server, faulty):
    proxy, options = faulty
    store = connect(s3_server)

    def put(first):
        sink = pa.BufferOutputStream()
        numbers = pa.table({"a": pa.array(range(first, first + 100_000), pa.int64())})
        pq.write_table(numbers, sink, row_group_size=10_000, compression=None, use_dictionary=False)
        with store.open_output_stream("etl/replaced/x.parquet") as stream:
            stream.write(sink.getvalue())

    put(0)
    time.sleep(2.1)  # stores tell times in seconds
    gets = []

    def replace(method, path, headers):
        if method == "GET" and path.startswith("/etl/replaced/x.parquet"):
            gets.append(path)
            if len(gets) == 4:
                put(10**9)

    proxy.fault = replace
    with pytest.raises(OSError, match=r"x\.parquet: the file was replaced"):
        dd.read_parquet("s3://etl/replaced/x.parquet", storage_options=options, split_row_groups=True).a.sum().compute()
    assert len(gets) >= 4
    again = dd.read_parquet("s3://etl/replaced/x.parquet", storage_options=options)
    assert again.a.min().compute() == 10**9

    put(0)  # a query that ends early looks, too
    time.sleep(2.1)
    lazy = dd.read_parquet("s3://etl/replaced/x.parquet", storage_options=options)
    gets[:] = [""] * 3
    with pytest.raises(OSError, match=r"x\.parquet: the file was replaced"):
        lazy.head(3)


def test_faults_that_pass_do_not_add_up(s3_server, faulty):
    proxy, options = faulty
    with connect(s3_server).open_output_stream("etl/faults/x.csv") as stream:
        stream.write(b"a\n1\n2\n")
    tried = set()

    def fail_first(method, path, headers):
        """Each request's first try."""
        key = (method, path, headers.get("range"), len(rounds))
        return None if key in tried or tried.add(key) is not None else (429 if len(rounds) % 5 == 0 else 503)

    rounds = []
    proxy.fault = fail_first
    while proxy.faults < 110:  # the AWS library gives up after a hundred
        rounds.append(1)
        assert dd.read_csv("s3://etl/faults/x.csv", storage_options=options).a.sum().compute() == 3


def test_a_commit_that_fails_takes_back_what_it_placed(s3_server, faulty, sales):
    proxy, options = faulty
    copies = []

    def fail_after_first(method, path, headers):
        if "x-amz-copy-source" not in headers:
            return None
        copies.append(path)
        return None if len(copies) == 1 else 403

    proxy.fault = fail_after_first
    with pytest.raises(OSError, match="commit failed"):
        dd.from_pandas(sales, npartitions=3).to_parquet("s3://etl/taken-back", storage_options=options)
    assert len(copies) >= 2
    assert objects_below(s3_server, "etl/taken-back") == []


def test_a_copy_that_was_done_but_not_answered_is_taken_back(s3_server, faulty, sales):
    proxy, options = faulty
    lazy = dd.from_pandas(sales, npartitions=1)
    lazy.to_parquet("s3://etl/unanswered", storage_options=options)
    store = connect(s3_server)
    with store.open_output_stream("etl/unanswered/_SUCCESS"):
        pass
    before = objects_below(s3_server, "etl/unanswered")

    def copy_without_an_answer(method, path, headers):
        if "x-amz-copy-source" not in headers:
            return None
        store.copy_file(urllib.parse.unquote(headers["x-amz-copy-source"]).lstrip("/"), path.lstrip("/"))
        return 403

    proxy.fault = copy_without_an_answer
    for more in ({}, {"overwrite": True}):
        with pytest.raises(OSError, match=r"commit failed.*older output is untouched"):
            lazy.to_parquet("s3://etl/unanswered/new-*.parquet", storage_options=options, **more)
        assert objects_below(s3_server, "etl/unanswered") == before, more
    with pytest.raises(OSError, match=r"commit failed.*1 of 1 new files may be in place"):
        lazy.to_parquet("s3://etl/unanswered", storage_options=options)


def test_an_upload_that_fails_is_given_up(faulty):
    proxy, options = faulty
    proxy.fault = lambda method, path, headers: 403 if method == "PUT" and "partNumber=2" in path else None
    noise = np.random.default_rng(0).integers(0, 2**62, 2_000_000)
    with pytest.raises(OSError):
        dd.from_pandas(pd.DataFrame({"a": noise}), npartitions=1).to_csv(
            "s3://etl/given-up/x.csv", single_file=True, storage_options=options
        )
    begun = [line for line in proxy.requests if line.startswith("POST") and line.endswith("uploads")]
    assert begun and any(line.startswith("DELETE") and "uploadId=" in line for line in proxy.requests)


def test_processes_write_one_folder_of_s3_after_each_other(s3_server):
    program = (
        "import json, sys, pandas as pd, millstream.dataframe as dd\n"
        "frame = dd.from_pandas(pd.DataFrame({'a': range(10)}), npartitions=2)\n"
        "frame.to_parquet('s3://etl/again-and-again', storage_options=json.loads(sys.argv[1]), write_index=False)\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program, json.dumps(s3_server.options())], check=True)
    assert sorted(objects_below(s3_server, "etl/again-and-again")) == [
        "etl/again-and-again/part.0.parquet", "etl/again-and-again/part.1.parquet",
    ]  # fmt: skip


# ---- memory


def test_the_store_in_memory(sales):
    lazy = dd.from_pandas(sales, npartitions=3)
    lazy.to_parquet("memory://stores/sales", partition_on="shop")
    assert_frame_equal(sorted_sales(dd.read_parquet("memory://stores/sales").compute()), sales)
    lazy.to_csv("memory://stores/text/*.csv", index=False)
    assert_frame_equal(dd.read_csv("memory://stores/text/*.csv").compute().reset_index(drop=True), sales)
    with pytest.raises(FileNotFoundError, match="memory://stores/gone"):
        dd.read_csv("memory://stores/gone")


# ---- the whole way


DATA = Path(os.environ.get("MILLSTREAM_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
HOUR = DATA / "gharchive" / "2015-01-01-0.json.gz"


@pytest.mark.skipif(not HOUR.is_file(), reason="no GH Archive files")
def test_gharchive_from_the_web_to_s3(http_server, s3_server, gharchive_program):
    with gzip.open(HOUR, "rt") as file:
        lines = [line for _, line in zip(range(100), file, strict=False)]
    with gzip.open(http_server.www / HOUR.name, "wt") as file:
        file.writelines(lines)
    minio_storage_options = s3_server.options()

    res = gharchive_program([http_server.url(HOUR.name)])
    res.to_parquet(
        "s3://etl/gharchive", partition_on=["type", "repo_name"], storage_options=minio_storage_options, engine="pyarrow"
    )

    events = [json.loads(line) for line in lines]
    table = pq.read_table(
        "etl/gharchive", filesystem=connect(s3_server), partitioning="hive", columns=["id", "type", "repo_name"]
    )
    expected = {(int(event["id"]), event["type"], event["repo"]["name"]) for event in events}
    assert {(int(row["id"]), row["type"], row["repo_name"]) for row in table.to_pylist()} == expected
    back = dd.read_parquet("s3://etl/gharchive", storage_options=minio_storage_options)
    assert len(back) == len(events)
    pushes = [event for event in events if event["type"] == "PushEvent"]
    assert len(back[back.type == "PushEvent"]) == len(pushes)
