"""Who writes a file of a store, as its name says: so that it can be told whether anybody still does."""

from __future__ import annotations

import os
import re
import socket
import uuid


def own_name() -> str:
    """A name that no other file has: of this machine, this process, and a random part."""
    return f"{_host()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


def is_gone(name: str) -> bool:
    """Whether the process that made a name was one of this machine and is no more."""
    found = re.match(r"([A-Za-z0-9]+)-(\d+)-[0-9a-f]{12}", name)
    if found is None or found[1] != _host():
        return False
    try:
        os.kill(int(found[2]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _host() -> str:
    return re.sub("[^A-Za-z0-9]", "", socket.gethostname())[:24] or "host"
