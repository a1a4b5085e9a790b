"""Files as the original program writes them, line for line."""

from __future__ import annotations

__all__ = ["BACKENDS", "UHASH", "original_file", "posted", "run_line"]

from collections.abc import Iterable

BACKENDS = ("TCP Socket", "Unix Domain Stream Socket", "Unix Domain Datagram Socket", "POSIX Message Queue")

UHASH = "9e107d9d372bb6826bd81d3542a419d6"


def run_line(backend: str, threads: int | str = 1, seconds: str = "2.512345", msg_size: int | str = 64) -> str:
    return (
        f"<run><backend>{backend}</backend><threads>{threads}</threads><seconds>{seconds}</seconds>"
        f"<msg_size>{msg_size}</msg_size></run>"
    )


def sweep(sizes: Iterable[int] = (1, 64, 4096), threads: Iterable[int] = (1, 4, 32)) -> list[str]:
    return [
        run_line(backend, count, f"{2 + place}.{count:03d}{size:04d}"[:8], size)
        for place, backend in enumerate(BACKENDS)
        for count in threads
        for size in sizes
    ]


def original_file(
    runs: Iterable[str] | None = None,
    *,
    uhash: str = UHASH,
    sysname: str = "Linux",
    release: str = "3.2.0-4-amd64",
    version: str = "#1 SMP Debian 3.2.15-1",
    machine: str = "x86_64",
) -> bytes:
    lines = [
        '<?xml version="1.0"?>',
        "<platform>",
        f"<sysname>{sysname}</sysname><release>{release}</release><version>{version}</version>"
        f"<machine>{machine}</machine>",
        '<batches_attributes type="array">',
        "<batch>",
        f"<uhash>{uhash}</uhash>",
        '<runs_attributes type="array">',
        *(sweep() if runs is None else runs),
        "</runs_attributes>",
        "</batch>",
        "</batches_attributes>",
        "</platform>",
        "",
    ]
    return "\n".join(lines).encode()


def posted(file: bytes) -> bytes:
    """What ``curl --data @FILE`` makes of it: no ends of lines are left."""
    return file.replace(b"\r", b"").replace(b"\n", b"")
