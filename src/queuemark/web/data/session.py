"""One session: the machine, what the doctor found, and one question at a time, of all cases or of some."""

from __future__ import annotations

__all__ = ["ListedCase", "SessionPage", "Tab", "session"]

import msgspec

from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.errors import UsageError
from queuemark.model.finding import VERDICTS
from queuemark.model.machine import Machine
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.summary import CaseSummary
from queuemark.store.rows import SessionRow
from queuemark.views.ending import proved_text
from queuemark.views.lines import LINES_HIGH
from queuemark.views.original import is_original
from queuemark.views.registry import VIEWS, view_named
from queuemark.views.selection import Selection, selected
from queuemark.web.data.asked import Asked, Choice, PictureData
from queuemark.web.data.page import Page, SessionLine
from queuemark.web.data.table import ROWS_HIGH, TableData

_LIST = "case"
"""The view whose tables are too many for a page: there each case has a page, and this is their list."""


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    question: str
    path: str
    chosen: bool


class ListedCase(msgspec.Struct, frozen=True, kw_only=True):
    case: CaseSummary
    path: str


class SessionPage(Page, frozen=True, kw_only=True):
    """details: what a person added; null for nothing. proved: of how many trials what was proved, in words.

    views: every question that can be asked. silent: why this one has no answer, and what to measure for one.
    narrowed: not all cases are shown. crowded: of how many uses of mechanisms they are, where these are more than one
    picture can tell apart; else 0. unfiltered, everything: paths of the page with all cases, and with all rows.
    listed: every case shown, for the question that is answered by a page a case; listed_more: how many more there are.
    xml: where it is in the older program's form; null where that cannot say any of it. facts: of the machine, in words.
    """

    session: SessionLine
    details: Details | None
    proved: str
    unproved: int
    views: list[Tab]
    question: str
    choices: list[Choice]
    narrowed: bool
    crowded: int
    unfiltered: str
    everything: str
    shown_cases: int
    silent: str | None
    picture: PictureData | None
    tables: list[TableData]
    listed: list[ListedCase]
    listed_more: int
    xml: str | None
    findings_text: str
    findings_path: str
    facts: list[tuple[str, str]]


def session(row: SessionRow, details: Details | None, document: SessionDocument, asked: Asked) -> SessionPage:
    """document: with estimates. Raises: UsageError for a view that there is not."""
    line = SessionLine.of(row)
    view = view_named(asked.view)
    part, none_left = _selected(document, asked.selection)
    tables, silent = ([], none_left) if none_left else _answered(part, asked)
    listed = [ListedCase(case=case, path=f"{line.path}/cases/{case.key}") for case in _listed(document, asked)]
    shown = listed if asked.everything else listed[:ROWS_HIGH]
    drawn = view.chart is not None and silent is None
    return SessionPage(
        title=f"Session {row.id[:12]}: {view.question}",
        summary=f"{view.question} {len(document.cases)} cases measured on {line.machine}.",
        path=asked.page(line.path),
        section="/sessions",
        data=asked.page(f"/api{line.path}"),
        session=line,
        details=details,
        proved=proved_text(document),
        unproved=sum(any(not trial.proved for trial in result.trials) for result in document.cases),
        views=_tabs(asked, line.path),
        question=view.question,
        choices=asked.choices(document, lambda other: other.page(line.path)),
        narrowed=bool(asked.selection),
        crowded=_lines(part) if drawn and _lines(part) > LINES_HIGH else 0,
        unfiltered=Asked(view=asked.view, scale=asked.scale).page(line.path),
        everything=msgspec.structs.replace(asked, everything=True).page(line.path),
        shown_cases=len(part.cases),
        silent=silent,
        picture=asked.pictured(line.path, f"{view.question} The table below holds the same figures.")
        if drawn
        else None,
        tables=tables,
        listed=shown,
        listed_more=len(listed) - len(shown),
        xml=f"{line.path}.xml" if is_original(document) else None,
        findings_text=_findings_text(document),
        findings_path=Asked(view="findings").page(line.path),
        facts=_facts(document.session.machine),
    )


def _selected(document: SessionDocument, selection: Selection) -> tuple[SessionDocument, str | None]:
    """The cases that are chosen, or why none is: choosing goes on from there."""
    try:
        return selected(document, selection), None
    except UsageError as error:
        return msgspec.structs.replace(document, cases=[]), str(error)


def _lines(document: SessionDocument) -> int:
    """In how many ways mechanisms are used, whatever the size and the number of consumers."""
    return len({_use(result.case) for result in document.cases if result.rate_per_s is not None})


def _use(case: Case) -> tuple[object, ...]:
    load = case.workload
    asked = load.policy, load.pattern, load.dispatch, load.wait, load.placement, load.ack, load.rate_per_s
    return case.transport, case.runtime, tuple(case.params.items()), *asked


def _tabs(asked: Asked, path: str) -> list[Tab]:
    """The questions about the same cases."""
    return [
        Tab(
            name="cases" if name == _LIST else name,
            question=view.question,
            path=msgspec.structs.replace(asked, view=name, everything=False).page(path),
            chosen=name == asked.view,
        )
        for name, view in VIEWS.items()
    ]


def _answered(document: SessionDocument, asked: Asked) -> tuple[list[TableData], str | None]:
    """The view's tables, or why there are none."""
    if asked.view == _LIST:
        return [], None
    try:
        tables = VIEWS[asked.view].tables(document)
    except UsageError as error:
        return [], str(error)
    return [TableData.of(table, None if asked.everything else ROWS_HIGH) for table in tables], None


def _listed(document: SessionDocument, asked: Asked) -> list[CaseSummary]:
    """With their places among all cases of the session, whichever are chosen."""
    if asked.view != _LIST:
        return []
    told = zip(document.cases, summaries(document), strict=True)
    return [summary for result, summary in told if asked.selection.takes(result.case)]


def _findings_text(document: SessionDocument) -> str:
    counts = {verdict: sum(each.verdict == verdict for each in document.session.findings) for verdict in VERDICTS}
    told = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"Of what changes results: {', '.join(told)}." if told else "Nothing is known of what changes results."


def _facts(machine: Machine) -> list[tuple[str, str]]:
    """What the machine said of itself; what it did not say is left out."""
    told = [(field, getattr(machine, field)) for field in Machine.__struct_fields__]
    return [(name.replace("_", " "), _fact_text(value)) for name, value in told if value not in (None, "", [], {})]


def _fact_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {'unlimited' if held is None else held}" for name, held in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
