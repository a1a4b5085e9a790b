"""The answer to a submission: for a terminal in words, for a program as JSON."""

from __future__ import annotations

__all__ = ["Submitted", "submitted_answer"]

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import MediaType, Request, Response

from queuemark.web.problem import wants_json
from queuemark.web.submission import Kept


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """session: its id. view: where everybody sees it. created: it was not in the record before.

    edit: where whoever brought it first adds details or withdraws it; null for others.
    disputed: why these results cannot be; empty where nothing speaks against them.
    """

    session: str
    view: str
    edit: str | None
    created: bool
    disputed: list[str]


def submitted_answer(request: Request[Any, Any, Any], kept: Sequence[Kept], site_url: str) -> Response[Any]:
    """201, the first time and again; of several sessions a list.

    kept: at least one.
    """
    submitted = [_submitted(each, site_url) for each in kept]
    json = wants_json(request)
    return Response(
        (submitted if len(submitted) > 1 else submitted[0]) if json else "\n".join(map(_text, submitted)),
        status_code=201,
        media_type=MediaType.JSON if json else MediaType.TEXT,
        headers={"location": submitted[0].view, "cache-control": "no-store"},
    )


def _submitted(kept: Kept, site_url: str) -> Submitted:
    view = f"{site_url}/sessions/{kept.receipt.session_id}"
    return Submitted(
        session=kept.receipt.session_id,
        view=view,
        edit=f"{view}/edit#token={kept.token}" if kept.token else None,
        created=kept.receipt.created,
        disputed=list(kept.disputed),
    )


def _text(submitted: Submitted) -> str:
    lines = [f"session {submitted.session[:8]} {'is' if submitted.created else 'was already'} in the record:"]
    lines += [f"  {submitted.view}"]
    if submitted.edit is not None:
        lines += ["add what is not measured, or withdraw it, by this private link:", f"  {submitted.edit}"]
    else:
        lines += ["its private link was given to whoever brought it first"]
    if submitted.disputed:
        lines += ["it is shown as disputed, because it cannot be:", *(f"  {fault}" for fault in submitted.disputed)]
    return "\n".join(lines) + "\n"
