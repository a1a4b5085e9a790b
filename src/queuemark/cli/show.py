"""``queuemark show``: the results of a session, of one case of it, or the list of stored sessions."""

from __future__ import annotations

__all__ = ["command"]

from typing import NamedTuple

import msgspec
import rich_click as click

from queuemark.cli.asserting import assert_option, judge_assertions, read_assertions
from queuemark.cli.selecting import SELECTING, selection_options
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale
from queuemark.views.picture import PICTURES
from queuemark.views.registry import VIEWS, view_named
from queuemark.views.render import FORMATS, rendered, terminal_width
from queuemark.views.selection import Selection, read_selection
from queuemark.views.table import Table


@click.command("show")
@click.argument("session", default="last")
@click.option("--view", "view_name", metavar="NAME", help=f"What to ask: {', '.join(VIEWS)}.  [default: rates]")
@click.option("--chart", "chart_target", metavar="FILE", help=f"Writes the view's picture, too: {', '.join(PICTURES)}.")
@click.option("--case", "case_name", metavar="N|KEY", help="One case in full: every trial and every consumer.")
@click.option("--classic", is_flag=True, help="The same as --view classic: rate by size, mechanism and consumers.")
@click.option("--sessions", "list_sessions", is_flag=True, help="List the stored sessions instead.")
@selection_options
@click.option("--linear", is_flag=True, help="Of the chart: axes that begin at 0 instead of logarithmic ones.")
@assert_option()
@click.option("--wide", is_flag=True, help="Every column, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(
    session: str,
    view_name: str | None,
    chart_target: str | None,
    case_name: str | None,
    classic: bool,
    list_sessions: bool,
    linear: bool,
    assertions: tuple[str, ...],
    wide: bool,
    form: str,
    **asked: str,
) -> None:
    """Results of a session: by id, by the first digits of it, by `last`, or by a file.

    Below them stand the classical tables when at least three sizes were swept over three numbers of consumers. What
    --assert demands is demanded of the cases that are shown.
    """
    selection = read_selection(**asked)
    if list_sessions:
        _check_alone(session, case_name, classic or view_name is not None or chart_target is not None, assertions)
    if selection and list_sessions:
        raise UsageError(f"{SELECTING} choose among the cases of a session; leave them or --sessions out")
    if linear and chart_target is None:
        raise UsageError("--linear is of a chart; add --chart FILE or leave it out")
    demands = read_assertions(assertions)
    view_name = _view_name(view_name, case_name, classic)
    if chart_target is not None:
        _check_chart(view_name or "rates", case_name, chart_target)
    document = None if list_sessions else _document(session, selection)
    tables = _sessions() if document is None else _shown(document, view_name, case_name, wide, form)
    if document is not None and chart_target is not None:
        _write_chart(document.part, view_name or "rates", chart_target, "linear" if linear else "log")
    click.echo(rendered(tables, form, None if wide else terminal_width()), nl=False)
    if document is not None and demands:
        judge_assertions([document.part], demands)


class _Document(NamedTuple):
    """part: the cases of the session that were asked for. said: which they are; None where it is all of them."""

    part: SessionDocument
    said: str | None


def _check_alone(session: str, case_name: str | None, viewed: bool, assertions: tuple[str, ...]) -> None:
    """Raises: UsageError when the list of sessions is asked for together with what is of one session."""
    if case_name is not None or session != "last":
        raise UsageError("--sessions lists all sessions; leave out the session and --case")
    if viewed:
        raise UsageError("--sessions lists all sessions; leave out --classic, --view and --chart")
    if assertions:
        raise UsageError("--sessions lists all sessions; leave out --assert")


def _view_name(named: str | None, case_name: str | None, classic: bool) -> str | None:
    """Raises: UsageError when options ask for two views at once, or for none that there is."""
    if classic and case_name is not None:
        raise UsageError("--classic shows a whole session; leave out --case and --sessions")
    if classic and named not in (None, "classic"):
        raise UsageError(f"--classic is --view classic; leave it or --view {named} out")
    if case_name is not None and named not in (None, "case"):
        raise UsageError(f"--case shows one case in full; leave it or --view {named} out")
    if named is not None:
        view_named(named)
    return "classic" if classic else named


def _check_chart(view_name: str, case_name: str | None, target: str) -> None:
    """Raises: UsageError for a view without a picture; QueuemarkError when the file could not be written."""
    from queuemark.cli.output import check_writable
    from queuemark.views.picture import check_picture

    name = "case" if case_name is not None else view_name
    if VIEWS[name].chart is None:
        drawn = ", ".join(each for each, view in VIEWS.items() if view.chart is not None)
        raise UsageError(f"the view {name} has no chart; those that have one: {drawn}")
    check_picture(target)
    check_writable(target)


def _sessions() -> list[Table]:
    from queuemark.store import Store, data_directory
    from queuemark.store.directory import existing_database
    from queuemark.views.sessions import sessions_table

    if existing_database() is None:
        raise UsageError(f"no session is stored in {data_directory()} yet; measure with: queuemark run")
    with Store.open_to_read() as store:
        return [sessions_table(store.sessions())]


def _document(name: str, selection: Selection) -> _Document:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load
    from queuemark.views.selection import selected, selection_text

    whole = load(name)
    part = selected(whole, selection)
    return _Document(with_estimates(part), selection_text(whole, part, selection) if selection else None)


def _shown(document: _Document, view_name: str | None, case_name: str | None, wide: bool, form: str) -> list[Table]:
    from queuemark.views.case import case_tables
    from queuemark.views.naming import case_number

    if case_name is not None:
        number, result = case_number(document.part, case_name)
        return case_tables(document.part, number, result)
    alone = form == "csv"
    tables = VIEWS[view_name or "rates"].tables(document.part, wide=wide or alone, alone=alone)
    if document.said is not None:
        tables = [_told(tables[0], f"shown: {document.said}"), *tables[1:]]
    return tables if view_name or wide or alone else [*tables, *_below(document.part)]


def _told(table: Table, line: str) -> Table:
    return msgspec.structs.replace(table, above=[*table.above, line])


def _below(document: SessionDocument) -> list[Table]:
    from queuemark.views.classic import classic_tables, is_grid

    return classic_tables(document) if is_grid(document, 3) else []


def _write_chart(document: SessionDocument, view_name: str, target: str, scale: Scale) -> None:
    from queuemark.cli.output import write_file
    from queuemark.views.picture import draw

    chart = VIEWS[view_name].chart
    assert chart is not None
    write_file(target, draw(lambda: chart(document, scale=scale), target))
