"""What does without a network: who tries to open a connection of the internet while there is to be none."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self
from unittest import mock

from w2s_bench.contracts import declared
from w2s_bench.contracts.errors import W2SError
from w2s_bench.testing.checks import Broken

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


def check_offline(made: object, use: Callable[[], object]) -> None:
    """Raises Broken where a use of a component asks for a connection, unless the component says that something is absent.

    A W2SError is an answer too: it says what is missing.
    """
    if str(declared(made, "absent", str)()).strip():
        return
    with Connections() as asked:
        try:
            use()
        except W2SError:
            return
        except OSError as error:
            if not asked.to:
                raise
            raise Broken(f"without a network it raises {type(error).__name__}, no DataError that says what is missing") from error
    if asked.to:
        raise Broken(f"it asked for a connection to {asked.to[0]}, and does not say in `absent` that anything is missing")
