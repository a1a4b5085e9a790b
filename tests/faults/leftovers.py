"""What a killed process may leave behind, and how to wait until it is gone."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import selectors
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

__all__ = [
    "GONE_WITHIN_S",
    "gone",
    "none_left_of",
    "opened",
    "processes_of",
    "queue_names",
    "shared_names",
    "socket_names",
]

GONE_WITHIN_S = 2.0


def processes_of(mark: str) -> list[int]:
    """Processes that were started with this text in their environment: a whole tree, however it was orphaned."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and mark.encode() in _environment(process.pid):
                found.append(process.pid)
    return found


def none_left_of(mark: str, within_s: float = GONE_WITHIN_S) -> bool:
    """Waits until no such process is left: one that was being started at that moment is seen only later."""
    deadline = time.monotonic() + within_s
    while pids := processes_of(mark):
        with opened(pids) as descriptors:
            gone(descriptors, deadline - time.monotonic())
        if time.monotonic() >= deadline:
            return not processes_of(mark)
    return True


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@contextmanager
def opened(pids: Iterable[int]) -> Iterator[list[int]]:
    """Descriptors of processes: a pid may be used again, these stand for the same process for good."""
    descriptors = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            descriptors.append(os.pidfd_open(pid))
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def gone(descriptors: Iterable[int], within_s: float = GONE_WITHIN_S) -> bool:
    """Waits until all these processes have ended; False when the time is up before."""
    deadline = time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                selector.unregister(key.fd)
            if time.monotonic() >= deadline and selector.get_map():
                return False
    return True


def queue_names(directory: Path) -> list[str]:
    """POSIX message queues of this project, seen through their file system where it may be mounted."""
    tried = subprocess.run(["mount", "-t", "mqueue", "none", str(directory)], capture_output=True, check=False)
    if tried.returncode == 0:
        try:
            return [path.name for path in directory.iterdir() if path.name.startswith("queuemark")]
        finally:
            subprocess.run(["umount", str(directory)], check=True)
    # Not root: of the one name that there is for each user, one can still ask whether it is there.
    name = f"queuemark-{os.getuid()}"
    return [name] if _queue_exists(f"/{name}") else []


def _queue_exists(name: str) -> bool:
    library = ctypes.CDLL("librt.so.1", use_errno=True)
    descriptor = library.mq_open(name.encode(), os.O_RDONLY)
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0 or ctypes.get_errno() not in (errno.ENOENT, errno.ENOSYS)


def shared_names() -> set[str]:
    """Shared memory and semaphores with names."""
    directory = Path("/dev/shm")
    return {path.name for path in directory.iterdir()} if directory.is_dir() else set()


def socket_names() -> set[str]:
    """Unix sockets with a name of ours, in a file system or abstract."""
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return {line.split()[-1] for line in lines if "queuemark" in line.split()[-1]}
