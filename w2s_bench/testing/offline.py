"""Who tries to open a connection of the internet while there is to be none."""

from __future__ import annotations

import contextlib
import errno
import socket
from types import TracebackType
from typing import Self
from unittest import mock

_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Connections:
    """Refuses connections of Python's sockets, and the look-up of a host, within it. to: the addresses that were asked for."""

    def __init__(self) -> None:
        self.to: list[str] = []
        unix = socket.socket.connect

        def connect(opened: socket.socket, address: str | tuple[object, ...]) -> None:
            if opened.family in _INTERNET:
                self._refuse(address)
            unix(opened, address)

        def look_up(host: object, *_: object, **__: object) -> None:
            self._refuse(host)

        self._within = contextlib.ExitStack()
        self._patched = ((socket.socket, "connect", connect), (socket, "getaddrinfo", look_up))

    def __enter__(self) -> Self:
        for owner, name, refusal in self._patched:
            self._within.enter_context(mock.patch.object(owner, name, refusal))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._within.close()

    def _refuse(self, address: object) -> None:
        self.to.append(str(address))
        raise OSError(errno.ENETUNREACH, "no network, by the conformance kit")
