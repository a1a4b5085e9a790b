"""``queuemark show``: the results of a session, of one case of it, or the list of stored sessions."""

from __future__ import annotations

__all__ = ["command"]

import shutil
import sys

import rich_click as click

from queuemark.model.errors import UsageError
from queuemark.views.render import FORMATS, WIDTH, rendered
from queuemark.views.table import Table


@click.command("show")
@click.argument("session", default="last")
@click.option("--case", "case_name", metavar="N|KEY", help="One case in full: every trial and every consumer.")
@click.option("--sessions", "list_sessions", is_flag=True, help="List the stored sessions instead.")
@click.option("--wide", is_flag=True, help="Every column, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(session: str, case_name: str | None, list_sessions: bool, wide: bool, form: str) -> None:
    """Results of a session: by id, by the first digits of it, by `last`, or by a file."""
    if list_sessions and (case_name or session != "last"):
        raise UsageError("--sessions lists all sessions; leave out the session and --case")
    tables = _sessions() if list_sessions else _results(session, case_name, wide, form)
    click.echo(rendered(tables, form, None if wide else _width()), nl=False)


def _width() -> int:
    """The terminal's columns; a fixed number where there is no terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def _sessions() -> list[Table]:
    from queuemark.store import Store, data_directory
    from queuemark.store.directory import existing_database
    from queuemark.views.sessions import sessions_table

    if existing_database() is None:
        raise UsageError(f"no session is stored in {data_directory()} yet; measure with: queuemark run")
    with Store.open() as store:
        return [sessions_table(store.sessions())]


def _results(name: str, case_name: str | None, wide: bool, form: str) -> list[Table]:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load
    from queuemark.views.case import case_tables
    from queuemark.views.naming import case_number
    from queuemark.views.rates import rates_table

    document = with_estimates(load(name))
    if case_name is not None:
        return case_tables(document, *case_number(document, case_name))
    alone = form == "csv"
    return [rates_table(document, wide=wide or alone, alone=alone)]
