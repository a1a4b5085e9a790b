"""What a report says, whatever it is written as: headlines first, then a section for each question.

1. A section has tables, and a picture where its view draws one; what a view cannot show of a session is left out.
2. What would be too long to read is left out too, and the report says which command shows it.
"""

from __future__ import annotations

__all__ = ["SESSIONS_HIGH", "Content", "Pictures", "Section", "Told", "content", "title_of"]

from collections.abc import Callable, Iterator, Sequence

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
"""As many as can be compared."""

_DIGITS_LOW = 8
"""Of an id: what people are shown of it elsewhere."""

_CASES_HIGH = 24
"""Of more cases every trial of each fills pages that nobody reads through."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One question. name: unique within a report. chart, linear: its picture with logarithmic and with linear axes,
    None where there is none, or no difference."""

    name: str
    question: str
    tables: list[Table]
    chart: Spec | None = None
    linear: Spec | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One session. name: as many digits of its id as tell it from the others. measured: how, in lines. again: the
    command. left_out: what is not in the report, and how to see it."""

    document: SessionDocument
    name: str
    headlines: list[Headline]
    sections: list[Section]
    measured: list[str]
    left_out: list[str]

    @property
    def again(self) -> str:
        return self.document.session.plan.command


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """compared: all sessions beside the first; None of a single one, and where they have nothing in common, which
    apart then says."""

    told: list[Told]
    compared: Section | None = None
    apart: str | None = None


def title_of(held: Content) -> str:
    """``queuemark: session 01234567``"""
    return f"queuemark: session{'s' * (len(held.told) > 1)} {', '.join(told.name for told in held.told)}"


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Which pictures are wanted: scales of their axes, none for no picture. begun: is given the name of each section
    and its logarithmic picture as soon as there is one, so that it can be drawn while the rest is made."""

    scales: Sequence[Scale] = ("log",)
    begun: Callable[[str, Spec], None] = lambda name, spec: None


def content(documents: Sequence[SessionDocument], pictures: Pictures) -> Content:
    """documents: 1 to SESSIONS_HIGH, with estimates.

    Raises: UsageError for more sessions, or the same one twice.
    """
    ids = [document.session.id for document in documents]
    if not 1 <= len(ids) <= SESSIONS_HIGH:
        raise UsageError(f"a report holds 1 to {SESSIONS_HIGH} sessions, not {len(ids)}; leave some out")
    if len(set(ids)) < len(ids):
        raise UsageError("a report holds each session once; one was named twice")
    digits = next(count for count in range(_DIGITS_LOW, 33) if len({each[:count] for each in ids}) == len(ids))
    told = [_told(document, document.session.id[:digits], pictures) for document in documents]
    if len(documents) == 1:
        return Content(told=told)
    try:
        return Content(told=told, compared=_compared(documents, pictures))
    except UsageError as error:
        return Content(told=told, apart=str(error))


def _compared(documents: Sequence[SessionDocument], pictures: Pictures) -> Section:
    from queuemark.views.compared import compared_tables
    from queuemark.views.compared_chart import compared_chart

    tables = compared_tables(documents)
    return _drawn("compared", tables[0].title, tables, lambda scale: compared_chart(documents, scale=scale), pictures)


def _told(document: SessionDocument, name: str, pictures: Pictures) -> Told:
    long = len(document.cases) > _CASES_HIGH
    sections = [
        section
        for view_name, view in VIEWS.items()
        if not (long and view_name == "case")
        and (section := _section(f"{name}-{view_name}", view, document, pictures)) is not None
    ]
    return Told(
        document=document,
        name=name,
        headlines=headlines(document),
        sections=[*sections, *_machine(document, name)],
        measured=list(_measured(document)),
        left_out=_left_out(document, name) if long else [],
    )


def _section(name: str, view: View, document: SessionDocument, pictures: Pictures) -> Section | None:
    """None where the view has nothing to say of this session."""
    try:
        tables = [_without(document, table) for table in view.tables(document) if table.rows]
    except UsageError:
        return None
    chart = view.chart
    drawn = None if chart is None else lambda scale: chart(document, scale=scale)
    return _drawn(name, view.question, tables, drawn, pictures) if tables else None


def _drawn(
    name: str, question: str, tables: list[Table], chart: Callable[[Scale], Spec] | None, pictures: Pictures
) -> Section:
    """Where a picture has nothing to draw its tables stand alone."""
    alone = Section(name=name, question=question, tables=tables)
    if chart is None or not pictures.scales:
        return alone
    try:
        log = chart("log")
        pictures.begun(name, log)
        linear = chart("linear") if "linear" in pictures.scales else log
    except UsageError:
        return alone
    return msgspec.structs.replace(alone, chart=log, linear=linear if linear != log else None)


def _without(document: SessionDocument, table: Table) -> Table:
    """The same without the lines that a report says once for all its tables."""
    said = (about(document), f"again: {document.session.plan.command}")
    return msgspec.structs.replace(
        table,
        above=[line for line in table.above if line not in said],
        below=[line for line in table.below if line not in said],
    )


def _machine(document: SessionDocument, name: str) -> Iterator[Section]:
    session = document.session
    facts = machine_facts(session.machine)
    yield Section(name=f"{name}-machine", question=facts.title, tables=[facts])
    if session.probes_before:
        tables = machine_tables(session.probes_before, session.machine, "queuemark limits")
        yield Section(name=f"{name}-probes", question=tables[0].title, tables=[table for table in tables if table.rows])


def _measured(document: SessionDocument) -> Iterator[str]:
    session, plan = document.session, document.session.plan
    naming = Naming.of([result.case for result in document.cases])
    yield f"{repeats_text(plan)}, each in fresh processes, {plan.order} in an order drawn from seed {session.seed}"
    yield f"where nothing else is said: {naming.usual_text()}"
    yield f"parameters where none is named: {naming.params_text()}"
    yield "a rate is the median over the trials, its interval the bootstrap 95 % interval of that median"
    yield f"session {session.id} ({session.state}), measured by queuemark {session.version} from {session.created_at}"


def _left_out(document: SessionDocument, name: str) -> list[str]:
    return [
        f"every trial of each of the {len(document.cases)} cases: queuemark show {name} --view case, or "
        f"queuemark report {name} -o trials.csv --level trial"
    ]
