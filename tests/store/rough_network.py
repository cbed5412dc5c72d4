"""An HTTP proxy before an S3 server that does to calls what networks, proxies and clouds do to them."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Fault = str
"""reset: before the server sees the call. late: after it did. cut: half an answer. flip: a byte of an answer. lost: a PUT that is
answered and not done. absent: 404 for what is there. busy: 503. expired, denied: 403."""

Faults = Callable[[str, str], Fault | None]
"""What befalls a call of a method and path, None for nothing."""

_ERROR = '<?xml version="1.0"?><Error><Code>{0}</Code><Message>{0}</Message></Error>'


class _Call(BaseHTTPRequestHandler):
    """One call, answered as its fault wants."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.faults(self.command, self.path)
        self.server.seen[fault or "none"] += 1
        if fault == "reset":
            self.reset()
        elif fault == "lost" and self.command == "PUT":
            self.answer(200, {"ETag": '"lost"'}, b"")
        elif fault == "absent":
            self.answer(404, {}, _ERROR.format("NoSuchKey").encode())
        elif fault in ("busy", "expired", "denied"):
            code = {"busy": "SlowDown", "expired": "ExpiredToken", "denied": "AccessDenied"}[fault]
            self.answer(503 if fault == "busy" else 403, {}, _ERROR.format(code).encode())
        else:
            self.forward(body, fault)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any

    def forward(self, body: bytes, fault: Fault | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        if fault == "late":
            return self.reset()
        headers = {name: value for name, value in answer.getheaders()
                   if name.lower() not in ("connection", "transfer-encoding", "server", "date")}
        if fault == "flip" and self.command == "GET" and data:
            changed = bytearray(data)
            changed[len(data) // 2] ^= 1
            data = bytes(changed)
        connection.close()
        self.answer(answer.status, headers, data, cut=fault == "cut" and len(data) > 1)

    def answer(self, status: int, headers: dict[str, str], data: bytes, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:len(data) // 2] if cut else data)
        if cut:
            self.wfile.flush()
            self.reset()

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, format: str, *words: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: int, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.upstream, self.faults, self.seen = upstream, faults, Counter[str]()

    def handle_error(self, request: object, client_address: object) -> None:
        return  # clients that went away are what this is for


class Rough:
    """The proxy, while it is entered. faults: what befalls a call, by method and path; None for nothing."""

    def __init__(self, port: int, faults: Faults) -> None:
        self._server = _Server(port, faults)
        self.seen = self._server.seen
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Rough:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def often(share: float, *faults: Fault, seed: int = 0) -> Faults:
    """One of the faults for a share of the calls."""
    draws = random.Random(seed)
    return lambda method, path: draws.choice(faults) if draws.random() < share else None


def first(*faults: Fault, of: str = "", method: str = "") -> Faults:
    """These faults, one after the other, for the first calls of a method whose path holds `of`; nothing afterwards."""
    left = list(faults)
    return lambda verb, path: left.pop(0) if left and of in path and method in ("", verb) else None


def always(fault: Fault, of: str = "", method: str = "") -> Faults:
    """A fault for every call of a method whose path holds `of`."""
    return lambda verb, path: fault if of in path and method in ("", verb) else None
