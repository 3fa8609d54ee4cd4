"""The inputs, made by DuckDB under build/bench-data on first use: every value is a hash of its row number.

Scale 1 is the full size (1 GB of CSV, 2 GB of JSON before compression, 5e7 rows of Parquet). Where
../shared/data/gharchive holds an hour of GH Archive, the JSON inputs are that hour; else they are invented events.
"""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "build/bench-data"
REAL_HOURS = ROOT.parent / "shared/data/gharchive"

TAXI_ROWS = 6_100_000
ORDER_ROWS = 15_500_000
SALE_ROWS = 50_000_000
JSON_BYTES = 2e9
EVENTS = 7702  # of the real hour, and so of an invented one

# The CSV of nine typed columns.
ORDER_TYPES = {
    "order_id": "BIGINT", "order_date": "TIMESTAMP", "customer_id": "BIGINT", "category": "VARCHAR", "region": "VARCHAR",
    "quantity": "BIGINT", "price": "DOUBLE", "discount": "DOUBLE", "status": "VARCHAR",
}  # fmt: skip


def sql(query: str) -> list[tuple[Any, ...]]:
    """The rows of one DuckDB query (none for COPY)."""
    import duckdb

    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        connection.execute("SET TimeZone='UTC'")
        return connection.execute(query).fetchall()


def input_of(name: str, scale: float) -> Path:
    """The folder of an input at a scale, made if it is not there; it appears whole or not at all."""
    makers: dict[str, Callable[[Path, float], None]] = {
        "taxi": make_taxi, "orders": make_orders, "events": make_events, "hour": make_hour, "sales": make_sales,
    }  # fmt: skip
    if name == "hour":  # one hour is one hour
        scale = 1.0
    folder = DATA / f"{name}-{scale:g}"
    if not folder.exists():
        unfinished = DATA / f"{name}-{scale:g}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        makers[name](unfinished, scale)
        unfinished.rename(folder)
    return folder


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def make_taxi(folder: Path, scale: float) -> None:
    """A month of New York taxi trips, 14 columns, as the city publishes them."""
    sql(f"""COPY (
      WITH hashes AS (SELECT hash(i) a, hash(i + 999331) b FROM range({int(TAXI_ROWS * scale)}) t(i))
      SELECT upper(md5((a % 13000)::VARCHAR)) medallion, upper(md5((b % 32000)::VARCHAR)) hack_license,
        ['CMT', 'VTS'][(a % 2)::INT + 1] vendor_id, 1 + (b % 40 = 0)::INT rate_code,
        CASE WHEN a % 50 = 0 THEN 'Y' WHEN a % 3 = 0 THEN 'N' END store_and_fwd_flag,
        TIMESTAMP '2013-01-01' + to_seconds((a // 64 % 2678400)::BIGINT) pickup_datetime,
        pickup_datetime + to_seconds((b // 64 % 2400 + 60)::BIGINT) dropoff_datetime,
        [1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 1, 4, 5, 5, 6, 1][(b // 128 % 16)::INT + 1] passenger_count,
        (b // 64 % 2400 + 60)::INT trip_time_in_secs, round((b // 32 % 2000) / 100, 2) trip_distance,
        round(-74.02 + (a // 128 % 200000) / 1e6, 6) pickup_longitude,
        round(40.6 + (b // 512 % 250000) / 1e6, 6) pickup_latitude,
        round(-74.02 + (b // 256 % 200000) / 1e6, 6) dropoff_longitude,
        round(40.6 + (a // 512 % 250000) / 1e6, 6) dropoff_latitude
      FROM hashes) TO '{folder}/trips.csv' (FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S')""")


def make_orders(folder: Path, scale: float) -> None:
    sql(f"""COPY (
      WITH hashes AS (SELECT i, hash(i) a, hash(i + 1000000007) b FROM range({int(ORDER_ROWS * scale)}) t(i))
      SELECT i order_id, TIMESTAMP '2023-01-01' + to_seconds((a % 63072000)::BIGINT) order_date,
        (a // 7 % 500000)::BIGINT customer_id,
        ['electronics', 'grocery', 'clothing', 'home', 'toys', 'sports', 'books', 'garden'][(b % 8)::INT + 1] category,
        ['north', 'south', 'east', 'west'][(b // 64 % 4)::INT + 1] region, (b // 256 % 10 + 1)::BIGINT quantity,
        round((a // 13 % 49900 + 100) / 100, 2) price, round((b // 4096 % 6) * 0.05, 2) discount,
        ['active', 'shipped', 'returned', 'cancelled'][(b // 65536 % 4)::INT + 1] status
      FROM hashes) TO '{folder}/orders.csv' (FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S')""")


def make_sales(folder: Path, scale: float) -> None:
    """Four Parquet files, a thousand customers."""
    rows = int(SALE_ROWS * scale) // 4
    for part in range(4):
        sql(f"""COPY (
          WITH hashes AS (SELECT i, hash(i) a, hash(i + 7919) b FROM range({part * rows}, {(part + 1) * rows}) t(i))
          SELECT i sale_id, 'customer-' || lpad((a % 1000)::VARCHAR, 4, '0') customer, (b % 20)::BIGINT quantity,
            round((a // 1000 % 50000) / 100, 2) amount, (b // 64 % 100000)::BIGINT product
          FROM hashes) TO '{folder}/{part}.parquet' (FORMAT parquet, COMPRESSION snappy)""")


def make_events(folder: Path, scale: float) -> None:
    """Hours of events, each a .json.gz; real ones are the same hour again and again with other ids."""
    if real := real_hour():
        text = gzip.decompress(real.read_bytes())
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(partial(write_real_hour, folder, text), range(max(2, round(JSON_BYTES * scale / len(text))))))
        return
    for hour in range(max(2, round(JSON_BYTES * scale / 18e6))):
        invent_hour(folder, hour)


def make_hour(folder: Path, scale: float) -> None:
    if real := real_hour():
        shutil.copy(real, folder)
    else:
        invent_hour(folder, 0)


def real_hour() -> Path | None:
    return next(iter(sorted(REAL_HOURS.glob("*.json.gz"))), None)


def write_real_hour(folder: Path, text: bytes, hour: int) -> None:
    moved = re.sub(rb'(?m)^\{"id":\s*"(\d+)"', lambda found: b'{"id":"%d"' % (int(found[1]) + hour * 10**7), text)
    (folder / hour_name(hour)).write_bytes(gzip.compress(moved, 6))


def hour_name(hour: int) -> str:
    return f"2015-01-{hour // 24 + 1:02}-{hour % 24}.json.gz"


def invent_hour(folder: Path, hour: int) -> None:
    """Events of the shape and size of GH Archive's, of some 4,200 repositories."""
    sql(f"""COPY (
      WITH hashes AS (SELECT i, hash(i) a, hash(i + 104729) b, hash(i + 1299709) c
                      FROM range({hour * EVENTS}, {(hour + 1) * EVENTS}) t(i)),
      names AS (SELECT *, 'user' || (b % 2900) login, login || '/repo' || (c % 2) repo_name,
        ['PushEvent', 'PushEvent', 'PushEvent', 'PushEvent', 'CreateEvent', 'WatchEvent', 'IssuesEvent', 'ForkEvent',
         'IssueCommentEvent', 'PullRequestEvent'][(b // 2900 % 10)::INT + 1] event FROM hashes)
      SELECT (2489368070 + i)::VARCHAR id, event "type",
        {{id: b % 10000000, login: login, url: 'https://api.example.org/users/' || login}} actor,
        {{id: c % 10000000, name: repo_name, url: 'https://api.example.org/repos/' || repo_name}} repo,
        CASE WHEN event = 'PushEvent' THEN to_json({{push_id: a % 600000000, size: c % 5 + 1, "ref": 'refs/heads/master',
            commits: list_transform(range(1, (c % 5 + 2)::BIGINT), lambda k: {{sha: md5((a // k)::VARCHAR),
              author: {{email: login || '@example.org', name: login}},
              message: 'fix é "' || repeat('lorem ipsum ', 1 + (a // (64 * k) % 40)::INT) || '"', "distinct": true}})}})
          ELSE to_json({{action: ['opened', 'closed', 'created'][(c % 3)::INT + 1],
              body: repeat('dolor sit' || chr(10), 10 + (a // 16 % 400)::INT)}}) END payload,
        true public, strftime(TIMESTAMP '2015-01-01' + to_seconds((i // 3)::BIGINT), '%Y-%m-%dT%H:%M:%SZ') created_at
      FROM names) TO '{folder}/{hour_name(hour)}' (FORMAT json, COMPRESSION gzip)""")
