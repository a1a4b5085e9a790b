"""A session without what names its owner: host and user names, and places on a disk, taken out of every free text.

1. Only what people or systems wrote is changed: commands, reasons, remedies, findings. What a case means, what was
   counted and the machine's facts stay as they are; those hold no such names to begin with.
2. A path becomes the name of its file; paths of the system itself name nobody and stay.
3. The same session gives the same text again, so that sending it twice is sending one session.
"""

from __future__ import annotations

__all__ = ["Anonymous", "Names", "anonymous", "names_here"]

import getpass
import re
import socket
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from queuemark.model.session import SessionDocument

_FREE = frozenset({"command", "reason", "remedy", "found", "effect"})
"""Fields that hold sentences, wherever in a session they stand."""

_OF_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/sbin", "/lib", "/boot")

_PATH = re.compile(r"(?<![\w.~/:-])~?(?:/[^\s/'\"`,;:()\[\]<>|&]+)+/?")

_COMMON = frozenset({"localhost", "root", "user", "host", "linux", "debian", "ubuntu", "runner", "queuemark"})
"""Names that tell nobody apart, and that ordinary sentences hold."""

_SHORT = 3
"""A name of fewer letters is in too many words to be told from them."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What would name the owner, as whole words; the longest first, so that none hides a part of another."""

    hosts: tuple[str, ...]
    users: tuple[str, ...]


class Anonymous(msgspec.Struct, frozen=True, kw_only=True):
    """document: what may be sent. removed: how often each kind of thing was taken out: ``{"path": 2}``."""

    document: SessionDocument
    removed: dict[str, int]


def names_here() -> Names:
    """Of this machine and of who runs this."""
    host = socket.gethostname()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    return Names(hosts=_telling([host, host.partition(".")[0]]), users=_telling([user, Path.home().name]))


def _telling(names: Iterable[str]) -> tuple[str, ...]:
    held = {name for name in names if len(name) >= _SHORT and name.lower() not in _COMMON}
    return tuple(sorted(held, key=lambda name: (-len(name), name)))


def anonymous(document: SessionDocument, names: Names) -> Anonymous:
    """A copy; the document stays as it is."""
    pen = _Pen(names)
    told = pen.crossed_out(msgspec.to_builtins(document))
    told["session"]["plan"]["messages_path"] = None
    return Anonymous(document=msgspec.convert(told, SessionDocument), removed=dict(pen.removed))


class _Pen:
    """Crosses out, and counts what."""

    def __init__(self, names: Names) -> None:
        self.removed: Counter[str] = Counter()
        self._words = [
            (what, re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE))
            for what, held in (("host name", names.hosts), ("user name", names.users))
            for name in held
        ]

    def crossed_out(self, told: Any) -> Any:
        """The same data, its sentences without names."""
        if isinstance(told, dict):
            return {
                key: self._sentence(part) if key in _FREE and isinstance(part, str) else self.crossed_out(part)
                for key, part in told.items()
            }
        if isinstance(told, (list, tuple)):
            return [self.crossed_out(part) for part in told]
        return told

    def _sentence(self, text: str) -> str:
        text = _PATH.sub(self._path, text)
        for what, word in self._words:
            text, count = word.subn(f"({what})", text)
            if count:
                self.removed[what] += count
        return text

    def _path(self, found: re.Match[str]) -> str:
        path = found[0]
        if any(path == place or path.startswith(f"{place}/") for place in _OF_SYSTEM):
            return path
        self.removed["path"] += 1
        return path.rstrip("/").rpartition("/")[2]
