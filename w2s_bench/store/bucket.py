"""Objects behind a URL that fsspec reads, as the place of a store. Calls that fail in passing are tried again here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from w2s_bench.contracts.errors import StoreError

_WAITS = (0.1, 0.3, 0.9, 2.0)
"""Seconds before each further try, give or take a half."""

_LASTING = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError, NotImplementedError,
            TypeError, ValueError)
"""What another try does not mend."""

Answer = TypeVar("Answer")


_Listing: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What a client says of each object; each says other things."""


class Bucket:
    """Objects under a root, by paths relative to it. Everything raises StoreError, in words, when it failed for good.

    root: as a person writes it. shared: whether another process sees what is written.
    """

    def __init__(self, url: str) -> None:
        import fsspec
        from fsspec.asyn import AsyncFileSystem
        from fsspec.spec import AbstractFileSystem

        self.root = url.rstrip("/")
        try:
            self._files, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError, OSError) as error:
            lacking = url.startswith("s3:") and isinstance(error, ImportError)
            raise StoreError(str(error), where=url, hint="pip install 'w2s-bench[s3]'" if lacking else
                             "a folder, or a URL that fsspec reads") from None
        self._root = str(path).rstrip("/")
        self.shared = "memory" not in _protocols(self._files)
        own = [kind for kind in type(self._files).__mro__ if kind not in (AbstractFileSystem, AsyncFileSystem, object)]
        if not any(name in vars(kind) for kind in own for name in ("rm", "_rm", "rm_file", "_rm_file")):
            raise StoreError(f"a store is written, and {_protocols(self._files)[0]}: can only be read", where=url,
                             hint="a folder, or a bucket such as s3://NAME/store")

    def read(self, path: str, *, there: bool = False) -> bytes | None:
        """The bytes of an object, None where there is none. there: it ought to be, so that a first no is asked about again."""
        for last in (not there, True):
            try:
                return self._tried("read", lambda: bytes(self._files.cat_file(self._at(path))))
            except FileNotFoundError:
                if last:
                    return None
                time.sleep(_WAITS[1])
        return None

    def write(self, path: str, data: bytes) -> None:
        """Put an object, and look that it is there: a call may be lost that nobody refused."""
        fault = StoreError("cannot write the store: what is written is not there afterwards", where=self.root)
        for wait in (*_WAITS, 0.0):
            try:
                self._tried("write", lambda: self._put(path, data))
                if self._size(path) == len(data):
                    return
            except FileNotFoundError as error:
                fault = StoreError(f"cannot write the store: {error}", where=self.root, hint="is there such a bucket?")
            time.sleep(wait)
        raise fault

    def names(self, folder: str = "") -> dict[str, int]:
        """The objects of a folder and of all within, by path from the root, with their sizes in bytes."""
        return {path: size for path, (size, _) in self.listed(folder).items()}

    def listed(self, folder: str = "") -> dict[str, tuple[int, float]]:
        """The objects of a folder and of all within, by path from the root: bytes, and when each was written last, in seconds
        since 1970, 0 where the place does not say."""
        start = self._at(folder) if folder else self._root

        def found() -> _Listing:
            self._files.invalidate_cache()
            listed: _Listing = self._files.find(start, detail=True)
            return listed

        try:
            entries = self._tried("list", found)
        except FileNotFoundError:
            return {}
        cut = len(self._root) + 1
        return {str(path)[cut:]: (int(entry.get("size") or 0), _moment(entry)) for path, entry in entries.items()
                if entry.get("type") == "file"}

    def remove(self, path: str) -> None:
        """Take an object away; nothing where there is none."""
        try:
            self._tried("write", lambda: self._files.rm_file(self._at(path)))
        except FileNotFoundError:
            return

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _put(self, path: str, data: bytes) -> None:
        if hasattr(self._files, "_pipe_file"):
            self._files.pipe_file(self._at(path), data)
            return
        self._files.makedirs(self._at(path).rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(self._at(path), data)

    def _size(self, path: str) -> int | None:
        try:
            found = self._tried("read", lambda: self._files.info(self._at(path)))
            return int(found["size"])
        except FileNotFoundError:
            return None

    def _tried(self, verb: str, call: Callable[[], Answer]) -> Answer:
        """What a call gives, tried again while its failures may pass. Raises FileNotFoundError as it does, else StoreError."""
        for wait in (*_WAITS, None):
            try:
                return call()
            except FileNotFoundError:
                raise
            except Exception as error:
                if wait is None or isinstance(error, _LASTING) or _of_credentials(error) or _unreachable(error):
                    raise StoreError(f"cannot {verb} the store: {_said(error)}", where=self.root, hint=_hint(error)) from error
                time.sleep(wait * random.uniform(0.5, 1.5))
        raise AssertionError("the last try returns or raises")


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _of_credentials(error: Exception) -> bool:
    """Whether a client says that it does not know who asks; each library has its own class for that."""
    return any(word in type(error).__name__ for word in ("Credential", "Token", "Profile", "ParamValidation"))


def _unreachable(error: Exception) -> bool:
    """Whether nobody is there who could answer; the client has tried some times itself by then."""
    return "EndpointConnection" in type(error).__name__ or isinstance(error, ConnectionRefusedError)


def _said(error: Exception) -> str:
    words = (getattr(error, "strerror", None) or str(error)).strip()
    first = words.splitlines()[0] if words else ""
    return first or type(error).__name__


def _hint(error: Exception) -> str:
    if isinstance(error, PermissionError) or _of_credentials(error):
        return "look at the credentials, and at what they may do there"
    if _unreachable(error):
        return "is that server there? Finished cells are kept"
    return "run the same command again; finished cells are kept"


def _moment(entry: Mapping[str, object]) -> float:
    names = ("LastModified", "last_modified", "mtime", "created", "updated")  # each library has its own
    found = next((entry[name] for name in names if entry.get(name)), 0.0)
    return float(found.timestamp() if hasattr(found, "timestamp") else found if isinstance(found, int | float) else 0.0)
