"""What a report says, whatever it is written as: headlines first, then a section for each question.

1. A section has tables, and a picture where its view draws one; what a view cannot show of a session is left out.
2. What would be too long to read is left out too, and the report says which command shows it.
"""

from __future__ import annotations

__all__ = ["SESSIONS_HIGH", "Content", "Section", "Told", "content"]

from collections.abc import Iterator, Sequence

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale
from queuemark.views.header import about, repeats_text
from queuemark.views.headlines import Headline, headlines
from queuemark.views.machine import machine_facts
from queuemark.views.machine_limits import machine_tables
from queuemark.views.naming import Naming
from queuemark.views.registry import VIEWS, View
from queuemark.views.table import Table
from queuemark.views.theme import Spec

SESSIONS_HIGH = 6
"""More side by side than this nobody reads."""

_CASES_HIGH = 24
"""Of more cases every trial of each fills pages that nobody reads through; the view's own picture has them all."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One question. name: of the view, unique within a session. chart, linear: its picture with logarithmic and with
    linear axes, None where there is none, or no difference."""

    name: str
    question: str
    tables: list[Table]
    chart: Spec | None = None
    linear: Spec | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One session. measured: how, in lines. again: the command. left_out: what is not in the report, and how to see
    it."""

    document: SessionDocument
    headlines: list[Headline]
    sections: list[Section]
    measured: list[str]
    left_out: list[str]

    @property
    def id(self) -> str:
        return self.document.session.id

    @property
    def short_id(self) -> str:
        return self.id[:8]

    @property
    def again(self) -> str:
        return self.document.session.plan.command


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """compared: sections over all sessions, empty of a single one."""

    told: list[Told]
    compared: list[Section]


def content(documents: Sequence[SessionDocument], scales: Sequence[Scale] = ("log",)) -> Content:
    """documents: 1 to SESSIONS_HIGH, with estimates. scales: of the pictures that are wanted; empty: none.

    Raises: UsageError for more sessions, or the same one twice.
    """
    ids = [document.session.id for document in documents]
    if not 1 <= len(ids) <= SESSIONS_HIGH:
        raise UsageError(f"a report holds 1 to {SESSIONS_HIGH} sessions, not {len(ids)}; leave some out")
    if len(set(ids)) < len(ids):
        raise UsageError("a report holds each session once; one was named twice")
    return Content(told=[_told(document, scales) for document in documents], compared=[])


def _told(document: SessionDocument, scales: Sequence[Scale]) -> Told:
    long = len(document.cases) > _CASES_HIGH
    sections = [
        section
        for name, view in VIEWS.items()
        if not (long and name == "case") and (section := _section(name, view, document, scales)) is not None
    ]
    return Told(
        document=document,
        headlines=headlines(document),
        sections=[*sections, *_machine(document)],
        measured=list(_measured(document)),
        left_out=_left_out(document) if long else [],
    )


def _section(name: str, view: View, document: SessionDocument, scales: Sequence[Scale]) -> Section | None:
    """None where the view has nothing to say of this session."""
    try:
        tables = [_without(document, table) for table in view.tables(document) if table.rows]
    except UsageError:
        return None
    if not tables:
        return None
    chart, linear = (_chart(view, document, scale) if scale in scales else None for scale in ("log", "linear"))
    return Section(
        name=name, question=view.question, tables=tables, chart=chart, linear=linear if linear != chart else None
    )


def _without(document: SessionDocument, table: Table) -> Table:
    """The same without the lines that a report says once for all its tables."""
    said = (about(document), f"again: {document.session.plan.command}")
    return msgspec.structs.replace(
        table,
        above=[line for line in table.above if line not in said],
        below=[line for line in table.below if line not in said],
    )


def _chart(view: View, document: SessionDocument, scale: Scale) -> Spec | None:
    if view.chart is None:
        return None
    try:
        return view.chart(document, scale=scale)
    except UsageError:
        return None


def _machine(document: SessionDocument) -> Iterator[Section]:
    session = document.session
    facts = machine_facts(session.machine)
    yield Section(name="machine", question=facts.title, tables=[facts])
    if session.probes_before:
        tables = machine_tables(session.probes_before, session.machine, "queuemark limits")
        yield Section(name="probes", question=tables[0].title, tables=[table for table in tables if table.rows])


def _measured(document: SessionDocument) -> Iterator[str]:
    session, plan = document.session, document.session.plan
    naming = Naming.of([result.case for result in document.cases])
    yield f"{repeats_text(plan)}, each in fresh processes, {plan.order} in an order drawn from seed {session.seed}"
    yield f"where nothing else is said: {naming.usual_text()}"
    yield f"parameters where none is named: {naming.params_text()}"
    yield "a rate is the median over the trials, its interval the bootstrap 95 % interval of that median"
    yield f"session {session.id} ({session.state}), measured by queuemark {session.version} from {session.created_at}"


def _left_out(document: SessionDocument) -> list[str]:
    name = document.session.id[:8]
    return [
        f"every trial of each of the {len(document.cases)} cases: queuemark show {name} --view case, or "
        f"queuemark report {name} -o trials.csv --level trial"
    ]
