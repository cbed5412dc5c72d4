"""A folder of a disk as the place of a store. What lies where something of the store belongs is put aside, never followed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator

from w2s_bench.store.writers import own_name

ASIDE = "aside"
"""Where things are put that were found in place of the store's own."""


class Misplaced(Exception):
    """Something else lies where a folder or a file of the store belongs: path is to be put aside; what: what lies there."""

    def __init__(self, path: str, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(f"{what} lies in its place")


class Disk:
    """Files under a root. Every path is relative to it. Raises OSError as the disk does."""

    def __init__(self, root: str) -> None:
        self.root = root

    def at(self, path: str) -> str:
        """The whole path."""
        return f"{self.root}/{path}"

    def entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """What is in a folder; nothing where there is none. Raises Misplaced where a link or a file is in its place."""
        if not self.is_folder(folder):
            return
        try:
            with os.scandir(self.at(folder)) as found:
                yield from found
        except FileNotFoundError:
            return

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there. Raises Misplaced where something else is."""
        try:
            found = os.stat(self.root) if path == "" else os.lstat(self.at(path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISDIR(found.st_mode):
            if path == "":
                raise NotADirectoryError(20, "this is no folder", self.root)
            raise Misplaced(path, _named(found.st_mode))
        return True

    def folder(self, path: str) -> str:
        """The whole path of a folder, made where it is not there; what lies in its place is put aside first."""
        try:
            there = self.is_folder(path)
        except Misplaced:
            self.put_aside(path)
            there = False
        if not there:
            os.makedirs(self.at(path), exist_ok=True)
        return self.at(path)

    def refresh(self, *folders: str) -> None:
        """Have a network disk say anew what is in these folders: its client keeps listings for many seconds, also of what is not
        there, and forgets them when it makes a file itself."""
        for folder in folders:
            path = f"{self.at(folder)}/.{own_name()}"
            with contextlib.suppress(OSError):  # a folder that is not there or cannot be written says what it says
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
                os.unlink(path)

    def temporary(self) -> str:
        """A whole path in tmp/ where nothing is yet; its name says whose it is."""
        return f"{self.folder('tmp')}/{own_name()}"

    def size(self, path: str) -> int:
        """Bytes of a file, or of all files in a folder."""
        whole = self.at(path)
        if os.path.islink(whole) or not os.path.isdir(whole):
            return os.lstat(whole).st_size
        return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(whole) for name in names)

    def opened(self, path: str) -> int | None:
        """A descriptor of a plain file, None where there is none. Raises Misplaced for all else: a link is not followed, a pipe
        not waited for."""
        try:
            descriptor = os.open(self.at(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            found = os.lstat(self.at(path))
            if stat.S_ISREG(found.st_mode):
                raise
            raise Misplaced(path, _named(found.st_mode)) from None
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise Misplaced(path, _named(mode))
        return descriptor

    def read(self, path: str) -> bytes | None:
        """The bytes of a plain file, None where there is none. Raises Misplaced."""
        descriptor = self.opened(path)
        if descriptor is None:
            return None
        with open(descriptor, "rb") as file:
            return file.read()

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place of the last of that name, whole or not at all."""
        beside = self.temporary()
        try:
            with open(beside, "xb") as file:
                file.write(data)
            self.folder(os.path.dirname(path))
            if os.path.isdir(self.at(path)) and not os.path.islink(self.at(path)):
                self.put_aside(path)
            os.replace(beside, self.at(path))
        except BaseException:
            self.forget(beside)
            raise

    def put_aside(self, path: str) -> str:
        """Move what lies there out of the way, whatever it is; where it lies now, "" where it was gone already."""
        try:
            place = self.folder(ASIDE) if path != ASIDE else self.root
            to = f"{place}/{os.path.basename(path)}-{uuid.uuid4().hex[:8]}"
            os.rename(self.at(path), to)
        except FileNotFoundError:
            return ""
        return to

    def remove(self, path: str, inode: int | None = None) -> None:
        """Take away a folder or a file of the store's own; another process may be doing the same. inode: of what is meant,
        where something else may have come into its place meanwhile."""
        away = self.temporary()
        try:
            os.rename(self.at(path), away)
        except FileNotFoundError:
            return
        if inode is not None and os.lstat(away).st_ino != inode:
            try:
                os.rename(away, self.at(path))
                return
            except OSError:  # a third one is there by now, and this one is not missed
                pass
        self.forget(away)

    def forget(self, path: str) -> None:
        """Delete what lies at a whole path; what cannot be deleted stays in tmp/, from where `store gc` takes it."""
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            try:
                os.unlink(path)
            except OSError:
                return


def _named(mode: int) -> str:
    kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISREG, "a file"), (stat.S_ISFIFO, "a pipe"))
    return next((name for test, name in kinds if test(mode)), "a device")
