"""A session's raw data in the forms that other programs read, by the ending of its address."""

from __future__ import annotations

__all__ = ["Level", "Raw", "raw"]

from collections.abc import Callable
from typing import Literal

import msgspec

from queuemark.model.errors import NotFound, UsageError, nearest
from queuemark.model.session import SessionDocument, encode_session
from queuemark.store.rows import SessionRow
from queuemark.views.hdr import case_hgrm
from queuemark.views.naming import case_number
from queuemark.views.original import original_xml
from queuemark.views.record import record_table
from queuemark.views.render import csv_text

Level = Literal["case", "trial", "consumer"]
"""What a row of CSV is."""


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """name: of the file that it makes."""

    name: str
    media_type: str
    content: bytes


def raw(row: SessionRow, document: SessionDocument, ending: str, level: Level, case: str | None) -> Raw:
    """document: with estimates. ending: without its dot. case: a key or number, for what is of one case.

    Raises: NotFound for an ending that there is not; UsageError where the session has nothing in this form.
    """
    if ending not in _FORMS:
        raise NotFound(f"a session has no form .{ending}; {nearest(ending, _FORMS)}")
    media_type, form = _FORMS[ending]
    return Raw(name=f"queuemark-{row.id[:12]}.{ending}", media_type=media_type, content=form(document, level, case))


def _json(document: SessionDocument, level: Level, case: str | None) -> bytes:
    return encode_session(document)


def _csv(document: SessionDocument, level: Level, case: str | None) -> bytes:
    return csv_text(record_table(document, level)).encode()


def _xml(document: SessionDocument, level: Level, case: str | None) -> bytes:
    return original_xml(document).encode()


def _hgrm(document: SessionDocument, level: Level, case: str | None) -> bytes:
    chosen = [case_number(document, case)] if case is not None else list(enumerate(document.cases, 1))
    timed = [(number, result) for number, result in chosen if result.latency is not None]
    if not timed:
        raise UsageError("there are no latencies to show; measure some with: queuemark run -t tcp --rate 10k")
    if len(timed) > 1:
        raise UsageError(f"a .hgrm is of one case, and {len(timed)} have latencies; name one by case=KEY")
    return case_hgrm(document, *timed[0]).encode()


_FORMS: dict[str, tuple[str, Callable[[SessionDocument, Level, str | None], bytes]]] = {
    "json": ("application/json", _json),
    "csv": ("text/csv; charset=utf-8", _csv),
    "xml": ("application/xml", _xml),
    "hgrm": ("text/plain; charset=utf-8", _hgrm),
}
