"""A proxy in front of a store's server, which fails where a test wants it to."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Fault = Callable[[str, str, "dict[str, str]"], int | None]
"""Of a request's method, path and headers: the status to answer with, or None to pass it on."""


@dataclass
class FaultProxy:
    """`requests` are "GET /bucket/key?query" in the order they came, `faults` counts those that were not passed on."""

    url: str
    fault: Fault = lambda method, path, headers: None
    requests: list[str] = field(default_factory=list)
    faults: int = 0


class _Server(http.server.ThreadingHTTPServer):
    block_on_close = False  # clients keep their connections


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """Passes requests on to `target`, "http://host:port", with the Host they came with: that is part of S3's signatures."""
    place = urlsplit(target)
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass

        def answer(self) -> None:
            chunked = self.headers.get("Transfer-Encoding", "") == "chunked"
            body = b"".join(self.chunks()) if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                proxy.requests.append(f"{self.command} {self.path}")
                status = proxy.fault(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
                proxy.faults += status is not None
            if status is not None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders([body] if chunked else body, encode_chunked=chunked)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            if answer.status != 204:
                self.send_header("Content-Length", length or "0")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    server = _Server(("127.0.0.1", 0), Handler)
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
