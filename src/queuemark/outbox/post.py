"""One try to hand a session to a site: it took it, it will not have it, or it is to be tried again.

1. The session goes out packed, with the token that lets its sender change it; certificates are verified.
2. An answer that sends elsewhere is not followed: the token is for the site that the person named.
3. What a site answers is not trusted: it is read up to a bound, and shown as one printable line.
"""

from __future__ import annotations

__all__ = ["Answer", "DetailsRefused", "Refused", "Unreachable", "post", "site_address"]

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from queuemark import __version__
from queuemark.model.details import Details
from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.outbox.parcel import Label, Parcel

_TIMEOUT_S = 30.0
_ANSWER_HIGH_BYTES = 1024 * 1024
_WORDS_HIGH = 400
_TOO_MANY = 429
_LATER_HIGH_S = 60.0


class Answer(msgspec.Struct, frozen=True):
    """What a site says of a session that it has. edit: null for whoever did not send it first."""

    session: str
    view: str
    edit: str | None = None
    created: bool = True


class Refused(QueuemarkError):
    """The site will not have it, however often it is asked."""


class DetailsRefused(Refused):
    """The site has the session and will not have what its sender adds to it. answer: of the session."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer


class Unreachable(QueuemarkError):
    """Not now. after_s: when the site wants to be asked again, at the earliest; 0 where it does not say."""

    def __init__(self, message: str, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.after_s = after_s


def site_address(text: str) -> str:
    """A site's address as it is kept: ``https://example.org/queuemark``.

    Raises: UsageError for what is none.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--to {text!r} is no address: {error}; write for example https://example.org") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--to {text!r} is no address of a site; write for example https://example.org")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"--to {text!r} holds more than a site's address; leave out what stands before @ or behind ?")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, where, parts.path.rstrip("/").removesuffix("/sessions"), "", ""))


def post(parcel: Parcel, timeout_s: float = _TIMEOUT_S) -> Answer:
    """The session, then what its sender adds to it; doing it again changes nothing more.

    timeout_s: for each single wait. Raises: Refused, DetailsRefused, Unreachable.
    """
    label = parcel.label
    packed = {"Content-Type": "application/json", "Content-Encoding": "zstd"}
    said = _asked(f"{label.site}/sessions", parcel.body, label, packed, timeout_s)
    try:
        answer = msgspec.json.decode(said, type=Answer)
    except msgspec.MsgspecError as error:
        raise Refused(
            f"{label.site} answered what no queuemark site answers ({error}); check the address, or ask its operator"
        ) from error
    if label.details != Details():
        _add_details(label, answer, timeout_s)
    return answer


def _add_details(label: Label, answer: Answer, timeout_s: float) -> None:
    """Raises: DetailsRefused, Unreachable."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    where = f"{label.site}/sessions/{quote(label.session)}/details"
    try:
        _asked(where, urlencode(_fields(label.details)).encode(), label, form, timeout_s)
    except Refused as error:
        raise DetailsRefused(
            f"session {label.session[:8]} arrived, what you add to it did not: {error}; "
            "its links, also to add it there: queuemark submit --receipts",
            answer,
        ) from error


def _fields(details: Details) -> dict[str, str]:
    told = msgspec.structs.asdict(details)
    return {name: "" if value is None else str(value) for name, value in told.items()}


class _Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _asked(url: str, body: bytes, label: Label, more: dict[str, str], timeout_s: float) -> bytes:
    headers = {
        "Accept": "application/json",
        "User-Agent": f"queuemark/{__version__}",
        "Queuemark-Token": label.token,
        **more,
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(_Staying)
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            said: bytes = answer.read(_ANSWER_HIGH_BYTES)
            return said
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(label.site, error) from error
    except ssl.SSLCertVerificationError as error:
        raise Refused(_untrusted(label.site, error)) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise Refused(_untrusted(label.site, reason)) from error
        raise Unreachable(f"cannot reach {label.site}: {_reason_text(reason)}") from error


def _untrusted(site: str, error: ssl.SSLCertVerificationError) -> str:
    return f"{site} does not prove that it is that site: {error.verify_message}; nothing was sent"


def _reason_text(reason: object) -> str:
    if isinstance(reason, (TimeoutError, socket.timeout)):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return _line(str(reason)) or type(reason).__name__


def _refusal(site: str, error: urllib.error.HTTPError) -> QueuemarkError:
    if 300 <= error.code < 400:
        where = _line(error.headers.get("Location") or "elsewhere")
        return Refused(f"{site} sends on to {where}, which is not followed; submit to that address if you trust it")
    said = f"{site} answered {error.code}: {_words(error)}"
    if error.code == _TOO_MANY or error.code >= 500:
        return Unreachable(said, _later_s(error.headers.get("Retry-After")))
    return Refused(said)


def _later_s(text: str | None) -> float:
    return min(float(text), _LATER_HIGH_S) if text is not None and text.isdecimal() else 0.0


class _Problem(msgspec.Struct):
    """RFC 9457, the two fields that are for people."""

    title: str = ""
    detail: str = ""


def _words(error: urllib.error.HTTPError) -> str:
    """The site's own, in one line."""
    try:
        said = error.read(_ANSWER_HIGH_BYTES)
    except (OSError, http.client.HTTPException):
        return error.reason
    try:
        problem = msgspec.json.decode(said, type=_Problem)
        text = problem.detail or problem.title
    except (msgspec.MsgspecError, UnicodeDecodeError):
        text = said.decode("utf-8", "replace")
    return _line(text) or _line(error.reason) or "nothing more"


def _line(text: str) -> str:
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _WORDS_HIGH else f"{line[:_WORDS_HIGH]}..."
