"""Pages of few words: how to submit, the form for details, what is left of a withdrawn session, a frame, an error."""

from __future__ import annotations

__all__ = ["EditPage", "EmbedPage", "ErrorPage", "TombstonePage", "edit", "embed", "error", "submit", "tombstone"]

from queuemark.model.details import Details
from queuemark.model.session import SessionDocument
from queuemark.store.rows import SessionRow
from queuemark.views.registry import view_named
from queuemark.web.data.asked import Asked, PictureData
from queuemark.web.data.page import Page, SessionLine


class EditPage(Page, frozen=True, kw_only=True):
    """details: what was said before, or what was measured."""

    session: SessionLine
    details: Details


class EmbedPage(Page, frozen=True, kw_only=True):
    """path: of the page that the picture stands on."""

    picture: PictureData
    disputed: str | None
    unproved: bool


class TombstonePage(Page, frozen=True, kw_only=True):
    id: str
    withdrawn_at: str


class ErrorPage(Page, frozen=True, kw_only=True):
    status: int
    detail: str


def submit() -> Page:
    return Page(
        title="Measure and submit",
        summary="How to measure message passing and to submit what was measured.",
        path="/submit",
        section="/submit",
    )


def edit(row: SessionRow, details: Details | None, document: SessionDocument) -> EditPage:
    line, machine = SessionLine.of(row), document.session.machine
    measured = Details(processor=(machine.cpu_model or "")[:120], cores=machine.cores or len(machine.cpus) or None)
    return EditPage(
        title=f"Details of session {row.id[:12]}",
        summary="Add details to a session by its private link, or withdraw it.",
        path=f"{line.path}/edit",
        section="/sessions",
        session=line,
        details=details or measured,
    )


def embed(row: SessionRow, document: SessionDocument, asked: Asked) -> EmbedPage:
    line, question = SessionLine.of(row), view_named(asked.view).question
    return EmbedPage(
        title=question,
        summary=f"{question} Measured on {line.machine}.",
        path=asked.page(line.path),
        picture=asked.pictured(line.path, f"{question} Measured on {line.machine}."),
        disputed=row.disputed,
        unproved=any(not trial.proved for result in document.cases for trial in result.trials),
    )


def tombstone(session_id: str, withdrawn_at: str) -> TombstonePage:
    return TombstonePage(
        title=f"Session {session_id[:12]} was withdrawn",
        summary="A session that was withdrawn by who submitted it.",
        path=f"/sessions/{session_id}",
        section="/sessions",
        id=session_id,
        withdrawn_at=withdrawn_at,
    )


def error(status: int, title: str, detail: str) -> ErrorPage:
    """It has no address of its own: what was asked for has one, or there is none."""
    return ErrorPage(title=title, path="", status=status, detail=detail)
