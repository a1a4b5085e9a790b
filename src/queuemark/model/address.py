"""Where a server is: ``redis://USER:PASSWORD@HOST:6379``. What is in front of the @ is told to the server alone."""

from __future__ import annotations

__all__ = ["Address", "read_address"]

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from queuemark.model.errors import UsageError


@dataclass(frozen=True)
class Address:
    """One server. user, password: null where none was written. It is shown without them. name: behind the slash."""

    scheme: str
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    name: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def read_address(url: str, scheme: str, default_port: int, *, named: bool = False) -> Address:
    """The address of a server of one kind, which has its kind for a scheme; named: a name may stand behind a slash.

    Raises: UsageError, which repeats neither a user nor a password.
    """
    try:
        parts = urlsplit(url)
        port = default_port if parts.port is None else parts.port
    except ValueError:
        parts, port = urlsplit(""), 0
    name = parts.path.removeprefix("/")
    extra = (name and not named) or "/" in name or parts.query or parts.fragment
    if parts.scheme != scheme or not parts.hostname or not port or extra:
        example = f"{scheme}://HOST:{default_port}"
        raise UsageError(
            f"a server of the kind {scheme} has an address such as {example} or "
            f"{scheme}://USER:PASSWORD@HOST:{default_port}"
        )
    return Address(scheme, parts.hostname, port, _plain(parts.username), _plain(parts.password), unquote(name))


def _plain(quoted: str | None) -> str | None:
    """``a:b`` of ``a%3Ab``; an empty word is none."""
    return unquote(quoted) if quoted else None
