"""Servers for tests: real ones, started when the first test asks for them and stopped at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SERVERS = Path(__file__).parent / "servers"

# What a shell runs in the background ignores Ctrl-C, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(script: str) -> Iterator[dict[str, str]]:
    """The server of `script`, and how to reach it. One that does not start fails the test: it is no reason to skip it."""
    with tempfile.TemporaryDirectory(prefix="millstream-server-") as folder:
        try:
            started = subprocess.run([SERVERS / script, "up", folder], capture_output=True, text=True, timeout=120)
            if started.returncode != 0:
                pytest.fail(f"{script} did not start: {started.stderr}")
            yield json.loads(started.stdout)
        finally:
            subprocess.run([SERVERS / script, "down", folder], check=False)


@dataclass(frozen=True)
class HttpServer:
    address: str
    www: Path

    def url(self, name: str, place: str = "plain", user: str = "") -> str:
        """The address of the file `name` of `www`, at one of the places that http.sh names."""
        scheme, _, host = self.address.partition("://")
        return f"{scheme}://{user + '@' if user else ''}{host}/{place}/{name}"


@pytest.fixture(scope="session")
def http_server() -> Iterator[HttpServer]:
    with running("http.sh") as server:
        yield HttpServer(server["http"], Path(server["www"]))


@dataclass(frozen=True)
class S3Server:
    endpoint_url: str
    key: str
    secret: str
    bucket: str

    def options(self, **changes: Any) -> dict[str, Any]:
        """storage_options as users of s3fs write them."""
        return {
            "key": self.key,
            "secret": self.secret,
            "client_kwargs": {"endpoint_url": self.endpoint_url, "region_name": "us-east-1"},
            "config_kwargs": {"s3": {"signature_version": "s3v4"}},
            **changes,
        }


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with running("s3.sh") as server:
        yield S3Server(**server)
