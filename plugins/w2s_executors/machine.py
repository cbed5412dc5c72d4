"""What this machine has to share out among workers."""

from __future__ import annotations

from pathlib import Path

_MIB = 2**20


def gpu_of(name: str, visible: str | None) -> str:
    """A GPU as CUDA knows it: a number is one of those that this process sees, which a batch system may have chosen for it."""
    seen = (visible or "").split(",")
    return seen[int(name)].strip() if visible and name.isdecimal() and int(name) < len(seen) else name


def memory_of_the_machine() -> float:
    """MiB that this process and its children may have: what there is, or what its control group is allowed."""
    import psutil

    there: int = psutil.virtual_memory().total
    return min([there, *_allowed(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))]) / _MIB


def _allowed(membership: Path, root: Path) -> list[int]:
    """Bytes that a control group of Linux, and those that it is in, are allowed; none where there is no limit."""
    try:
        groups = [line.split(":", 2) for line in membership.read_text().splitlines()]
    except OSError:
        return []
    limits: list[int] = []
    for _, controllers, place in groups:
        top, name = (root, "memory.max") if not controllers else (root / "memory", "memory.limit_in_bytes")
        if controllers and "memory" not in controllers.split(","):
            continue
        below = top / place.lstrip("/")
        for folder in [below, *below.parents][:len(Path(place).parts) + 1]:
            try:
                limits.append(int((folder / name).read_text()))
            except (OSError, ValueError):  # no such file, or "max"
                continue
    return limits
