"""The XML file that the original program writes and tells its users to post, read strictly.

1. Elements are those of the form, where they belong and as often as they may be; anything else is refused with its
   place. So is a document type: with it go entities, and everything that grows when it is read.
2. The file is UTF-8, whatever it says of itself; one that says otherwise is refused.
3. Numbers are plain decimals within bounds. No number becomes another one by being read.

The form: ``platform`` has ``sysname``, ``release``, ``version``, ``machine`` and ``batches_attributes``; each ``batch``
in it a ``uhash`` and ``runs_attributes``; each ``run`` in these ``backend``, ``threads``, ``seconds``, ``msg_size``.
"""

from __future__ import annotations

__all__ = ["Misplaced", "read_original"]

import re
from decimal import Decimal
from typing import NoReturn
from xml.parsers import expat

from queuemark.model.errors import UsageError, nearest
from queuemark.model.original import METHODS, Batch, OriginalResults, Run
from queuemark.model.workload import CONSUMERS_HIGH

_FORM = {
    "": ("platform",),
    "platform": ("sysname", "release", "version", "machine", "batches_attributes"),
    "batches_attributes": ("batch",),
    "batch": ("uhash", "runs_attributes"),
    "runs_attributes": ("run",),
    "run": ("backend", "threads", "seconds", "msg_size"),
}
"""What each element holds; what is not named here holds text."""

_TYPES = ("array", "string", "integer", "decimal", "float")
_ENCODINGS = ("utf-8", "us-ascii")

_TEXT_HIGH = 256
_HIGH = {"batch": 64, "run": 20_000}
"""So many of one file are taken; a sweep of the original has some hundred runs."""

_SIZE_HIGH_BYTES = 1024**3
_SECONDS_HIGH = 1_000_000

_UHASH = re.compile(r"[!-~]{1,128}")
_WHOLE = re.compile(r"[0-9]{1,12}")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


class Misplaced(UsageError):
    """Something in the file is not of the form. place: ``/platform/batches_attributes/batch[1]``; empty at its top."""

    def __init__(self, why: str, place: str) -> None:
        super().__init__(why)
        self.place = place


class _Element:
    """One element while it is open and after: its text, and what it holds by name."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self.place = place
        self.text = ""
        self.held: dict[str, list[_Element]] = {}

    def one(self, name: str) -> _Element:
        """Raises: Misplaced when it is missing."""
        if name not in self.held:
            _refuse(self.place, f"there is no {name}")
        return self.held[name][0]

    def all(self, name: str) -> list[_Element]:
        """Raises: Misplaced when there is none."""
        self.one(name)
        return self.held[name]

    def said(self, name: str) -> str:
        """The text of an element within. Raises: Misplaced when it is missing or empty."""
        element = self.one(name)
        return element.text or _refuse(element.place, "it is empty")


def read_original(body: bytes | bytearray, what: str = "the file") -> OriginalResults:
    """Raises: Misplaced with the place of the first mistake; UsageError for what is no XML."""
    try:
        return _results(_parsed(_utf_8(body)))
    except expat.ExpatError as error:
        raise UsageError(f"{what} is no XML that can be read: {error}") from error
    except Misplaced as error:
        raise Misplaced(f"{what} is not what the original program writes: {error}", error.place) from error


def _refuse(place: str, why: str) -> NoReturn:
    raise Misplaced(why, place)


def _utf_8(body: bytes | bytearray) -> str:
    """Raises: Misplaced for another encoding: the parser would believe a file of UTF-16 what it is."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("", f"byte {error.start + 1} is not UTF-8")
    return text if "\0" not in text else _refuse("", "it holds zero bytes: it is not UTF-8")


def _parsed(text: str) -> _Element:
    root = _Element("", "")
    open_ = [root]
    counts = dict.fromkeys(_HIGH, 0)

    def begin(name: str, attributes: dict[str, str]) -> None:
        above = open_[-1]
        allowed = _FORM.get(above.name, ())
        if name not in allowed:
            _refuse(above.place, f"there is no place for {name[:40]!r}; {nearest(name[:40], allowed)}")
        before = above.held.setdefault(name, [])
        if name in counts:
            # Refused at the one that is too many: each takes a hundred times the memory of its text.
            counts[name] += 1
            if counts[name] > _HIGH[name]:
                _refuse(above.place, f"there are more than {_HIGH[name]:,} of {name}; send fewer at once")
        elif before:
            _refuse(above.place, f"there is a second {name}")
        number = f"[{len(before) + 1}]" if name in counts else ""
        element = _Element(name, f"{above.place}/{name}{number}")
        if any(key != "type" or value not in _TYPES for key, value in attributes.items()):
            _refuse(element.place, "it has attributes that are not of the form")
        before.append(element)
        open_.append(element)

    def end(_: str) -> None:
        element = open_.pop()
        element.text = " ".join(element.text.split())

    def characters(said: str) -> None:
        element = open_[-1]
        if element.name in _FORM:
            if said.strip():
                _refuse(element.place, f"there is no place for the text {said.strip()[:40]!r}")
        elif len(element.text) + len(said) > _TEXT_HIGH:
            _refuse(element.place, f"its text is longer than {_TEXT_HIGH} characters")
        else:
            element.text += said

    def declaration(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            _refuse("", f"it says that it is {encoding[:40]!r}; write it as UTF-8")

    def document_type(*_: object) -> None:
        _refuse("", "it has a document type, which the form has not")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, characters
    parser.XmlDeclHandler, parser.StartDoctypeDeclHandler = declaration, document_type
    parser.Parse(text, True)
    return root


def _results(root: _Element) -> OriginalResults:
    platform = root.one("platform")
    batches = platform.one("batches_attributes").all("batch")
    return OriginalResults(
        sysname=platform.said("sysname"),
        release=platform.said("release"),
        version=platform.one("version").text or None,
        machine=platform.said("machine"),
        batches=_distinct([_batch(element) for element in batches]),
    )


def _distinct(batches: list[Batch]) -> list[Batch]:
    if len({batch.uhash for batch in batches}) < len(batches):
        _refuse("/platform/batches_attributes", "two batches have the same uhash")
    return batches


def _batch(element: _Element) -> Batch:
    uhash = element.said("uhash")
    if not _UHASH.fullmatch(uhash):
        _refuse(element.one("uhash").place, "it is not 1 to 128 characters without a space")
    return Batch(uhash=uhash, runs=[_run(each) for each in element.one("runs_attributes").all("run")])


def _run(element: _Element) -> Run:
    backend = element.said("backend")
    if backend not in METHODS:
        _refuse(element.one("backend").place, f"unknown backend {backend[:40]!r}; {nearest(backend[:40], METHODS)}")
    return Run(
        backend=backend,
        threads=_whole(element, "threads", CONSUMERS_HIGH),
        seconds=_seconds(element),
        msg_size=_whole(element, "msg_size", _SIZE_HIGH_BYTES),
    )


def _whole(element: _Element, name: str, high: int) -> int:
    said = element.said(name)
    if not _WHOLE.fullmatch(said) or not 1 <= int(said) <= high:
        _refuse(element.one(name).place, f"{said[:40]!r} is not a whole number from 1 to {high}")
    return int(said)


def _seconds(element: _Element) -> Decimal:
    said = element.said("seconds")
    if not _DECIMAL.fullmatch(said) or not 0 < Decimal(said) <= _SECONDS_HIGH:
        _refuse(element.one("seconds").place, f"{said[:40]!r} is not a time above 0 and up to {_SECONDS_HIGH} s")
    return Decimal(said)
