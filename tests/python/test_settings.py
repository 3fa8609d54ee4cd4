"""Settings, progress, and what an import costs."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

import millstream
import millstream.dataframe as dd
from millstream.diagnostics import ProgressBar
from millstream.utils import parse_bytes


def test_sizes():
    assert parse_bytes("256MB") == 256_000_000 and parse_bytes("1.5 GiB") == 3 * 2**29 and parse_bytes("64k") == 64_000
    assert parse_bytes(12) == 12 and parse_bytes(64e6) == 64_000_000
    for bad in ("", "MB", "12 parsecs", -1, 0, "-3MB", None, True):
        with pytest.raises(ValueError):
            parse_bytes(bad)


def test_configure():
    before = millstream.settings()
    try:
        millstream.configure(memory_limit="1GB", threads=2)
        assert millstream.settings()["memory_limit"] == 10**9 and millstream.settings()["threads"] == 2
        with pytest.raises(ValueError, match="threads"):
            millstream.configure(threads=0)
        with pytest.raises(ValueError, match="memory_limit"):
            millstream.configure(memory_limit="much")
        assert millstream.settings()["memory_limit"] == 10**9
    finally:
        millstream.configure(memory_limit=before["memory_limit"], threads=before["threads"])


def test_progress_bar(lazy):
    out = io.StringIO()
    with ProgressBar(out=out):
        lazy.i.sum().compute()
    assert "100% Completed" in out.getvalue() and out.getvalue().endswith("\n")
    written = out.getvalue()
    lazy.i.sum().compute()
    assert out.getvalue() == written
    bar = ProgressBar(minimum=60, out=out)
    with bar:
        lazy.i.sum().compute()
    assert out.getvalue() == written and bar.last_duration < 60


def test_the_import_is_light():
    code = "import sys, millstream.dataframe, millstream.bag; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "numpy", "pyarrow", "fsspec"} & set(modules)


def test_pyarrow_and_the_system_may_both_bring_openssl():
    code = "import pyarrow; from millstream import _core; import hashlib, ssl; hashlib.md5(b''); ssl.create_default_context()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_named_is_there():
    for name in dd.__all__:
        assert hasattr(dd, name)
