"""``POST /platforms``: what the original program tells its users to send, by the very line that it prints.

1. Each batch of the file becomes a session that is not proved; machines of equal facts are one platform.
2. A batch is taken once: who sends a used uhash again is refused, and nothing of that file is taken.
"""

from __future__ import annotations

__all__ = ["submit_original"]

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from queuemark.model.errors import Conflict, NotFound, UsageError
from queuemark.model.original import Batch, OriginalResults, session_id_of, session_of
from queuemark.model.original_xml import Misplaced, read_original
from queuemark.store.record import Record
from queuemark.web.body import inflated, received, worked
from queuemark.web.openapi import taking
from queuemark.web.problem import Refusal
from queuemark.web.receipt import Submitted, submitted_answer
from queuemark.web.submission import Kept, check_trials, keep, token_of

_MEDIA_TYPES = ("application/xml", "text/xml")
_CHARSETS = ("", "utf-8", "us-ascii")


@post(
    "/platforms",
    operation_class=taking(dict.fromkeys(_MEDIA_TYPES), token="what the session shall be changed by"),
)
async def submit_original(
    request: Request[Any, Any, Any], state: State, site_url: NamedDependency[str]
) -> Response[Submitted]:
    """Puts the results of the original program into the record, as sessions whose delivery is not proved."""
    _check_media_type(request)
    token = token_of(request.headers.get("queuemark-token"))

    def work() -> list[Kept]:
        return _kept(state.record, inflated(body, state.settings.inflated_high_bytes), token)

    async with received(request) as body:
        kept = await worked(request, work)
    return submitted_answer(request, kept, site_url)


def _check_media_type(request: Request[Any, Any, Any]) -> None:
    """Raises: Refusal."""
    media_type, options = request.content_type
    if media_type.lower() not in _MEDIA_TYPES:
        raise Refusal(415, f"this takes {' or '.join(_MEDIA_TYPES)}, not {media_type[:80]!r}; sessions go to /sessions")
    charset = options.get("charset", "").lower()
    if charset not in _CHARSETS:
        raise Refusal(415, f"the file is read as UTF-8, not as {charset[:40]!r}; write it so")


def _kept(record: Record, content: bytes | bytearray, token: str | None) -> list[Kept]:
    results = _read(content)
    for batch in results.batches:
        _check_unused(record, batch)
    received_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    documents = [session_of(results, batch, received_at) for batch in results.batches]
    for document in documents:
        # Of what was kept before a refusal nobody would be told the private link.
        check_trials(document)
    return [
        keep(record, document, token=token, source="queueable", uhash=batch.uhash)
        for document, batch in zip(documents, results.batches, strict=True)
    ]


def _read(content: bytes | bytearray) -> OriginalResults:
    """Raises: Refusal: 400 for what is no XML, 422 with the place for what is not of the form."""
    try:
        return read_original(content, "the body")
    except Misplaced as error:
        raise Refusal(422, str(error), at=error.place or None) from error
    except UsageError as error:
        raise Refusal(400, str(error)) from error


def _check_unused(record: Record, batch: Batch) -> None:
    """Raises: Conflict; Withdrawn."""
    try:
        record.session_row(session_id_of(batch.uhash))
    except NotFound:
        return
    raise Conflict("a batch of this uhash is already in the record; each is taken once")
