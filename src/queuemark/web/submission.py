"""From what somebody posted to a session of the record: decoded, judged, kept.

1. The same rules hold as where a session is measured or read from a file: one decoder, one judgement of each trial.
2. What cannot have been is kept as disputed; what is no session is refused, with its place.
3. The same session again is the same one, however it is spaced, packed or derived from.
4. Whoever brings a session first owns it, by a token that is kept as a hash alone.
"""

from __future__ import annotations

__all__ = ["TOKEN_PATTERN", "Kept", "check_trials", "decoded", "keep", "token_of"]

import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.plausibility import faults
from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.errors import Conflict, NotFound, UsageError
from queuemark.model.session import SessionDocument, judged, read_session
from queuemark.store.record import Record
from queuemark.store.rows import Receipt, Source
from queuemark.web.problem import Refusal

TOKEN_PATTERN = "[0-9A-Za-z_-]{32,128}"
_TOKEN_BYTES = 24

_CASE_TRIALS_HIGH = 200
"""The time for an interval grows with the square of the trials that it is over."""

_TRIALS_HIGH = 50_000
"""Of all cases together; the largest preset has some thousand."""

_OBJECTS_HIGH = 1_000_000
"""Of JSON. Twice what a measured session of 64 MiB can have; decoded, so many small ones take half a gigabyte."""

_PLACE = re.compile(r"`(\$[^`]*)`")


class Kept(NamedTuple):
    """token: the one that the session is changed by, where whoever asks may know it. disputed: why it cannot be."""

    receipt: Receipt
    token: str | None
    disputed: Sequence[str]


def token_of(given: str | None) -> str | None:
    """The token that a program chose.

    Raises: Refusal for one that could be guessed, or that is no word for an address.
    """
    if given is not None and not re.fullmatch(TOKEN_PATTERN, given):
        raise Refusal(422, "Queuemark-Token has 32 to 128 letters, digits, - or _; take them from a random source")
    return given


def decoded(content: bytes | bytearray) -> SessionDocument:
    """Judged, from a body.

    Raises: Refusal: 400 for what is no JSON, 422 with the place for what is no session that has ended, or is too long.
    """
    if content.count(b"{") > _OBJECTS_HIGH:
        raise Refusal(422, f"the body has more than {_OBJECTS_HIGH:,} objects; send the session in parts")
    try:
        document = read_session(content, "the body")
    except UsageError as error:
        wrong = isinstance(error.__cause__, msgspec.ValidationError)
        place = _PLACE.search(str(error))
        raise Refusal(422 if wrong else 400, str(error), at=place[1] if place else None) from error
    if document.session.state == "running":
        raise Refusal(422, "the session is still running; submit it when it has ended", at="$.session.state")
    check_trials(document)
    plan = document.session.plan
    document.session.plan = msgspec.structs.replace(plan, messages_path=None)
    return judged(document)


def keep(
    record: Record,
    document: SessionDocument,
    *,
    token: str | None,
    source: Source = "queuemark",
    details: Details | None = None,
    uhash: str | None = None,
) -> Kept:
    """Puts the session into the record, unless it is there; its trials are known to be few enough.

    Raises: Refusal, UsageError, Conflict, Withdrawn.
    """
    chosen = token or secrets.token_urlsafe(_TOKEN_BYTES)
    try:
        estimated = with_estimates(document)
        found = faults(estimated)
    except (ArithmeticError, ValueError) as error:
        raise Refusal(422, f"no figures can be made of these counts: {error}") from error
    try:
        receipt = record.accept(
            estimated,
            source=source,
            token=chosen,
            disputed=found,
            summaries=summaries(estimated),
            details=details,
            uhash=uhash,
        )
    except Conflict as refused:
        receipt = _again(record, document, chosen, refused)
    return Kept(receipt, chosen if receipt.owned else None, found)


def check_trials(document: SessionDocument) -> None:
    """Before any of them is judged, or an interval estimated.

    Raises: Refusal.
    """
    held = [len(result.trials) for result in document.cases]
    most, total = max(held, default=0), sum(held)
    if most > _CASE_TRIALS_HIGH:
        raise Refusal(422, f"a case has {most:,} trials; at most {_CASE_TRIALS_HIGH} of each are taken", at="$.cases")
    if total > _TRIALS_HIGH:
        told = f"the session has {total:,} trials; at most {_TRIALS_HIGH:,} are taken: send it in parts"
        raise Refusal(422, told, at="$.cases")


def _again(record: Record, document: SessionDocument, token: str, refused: Conflict) -> Receipt:
    """What is here may be the same after all: measured here, or counted up by a version that wrote it otherwise.

    Raises: the Conflict where it is another one.
    """
    session_id = document.session.id
    try:
        known = record.document(session_id)
    except NotFound:
        raise refused from None
    if known != document:
        raise refused
    return Receipt(session_id=session_id, created=False, owned=record.is_owner(session_id, token))
