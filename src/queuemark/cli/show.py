"""``queuemark show``: the results of a session, of one case of it, or the list of stored sessions."""

from __future__ import annotations

__all__ = ["command"]

import rich_click as click

from queuemark.model.errors import UsageError
from queuemark.views.render import FORMATS, rendered, terminal_width
from queuemark.views.table import Table


@click.command("show")
@click.argument("session", default="last")
@click.option("--case", "case_name", metavar="N|KEY", help="One case in full: every trial and every consumer.")
@click.option("--classic", is_flag=True, help="The classical tables: rate by size, mechanism and number of consumers.")
@click.option("--sessions", "list_sessions", is_flag=True, help="List the stored sessions instead.")
@click.option("--wide", is_flag=True, help="Every column, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(session: str, case_name: str | None, classic: bool, list_sessions: bool, wide: bool, form: str) -> None:
    """Results of a session: by id, by the first digits of it, by `last`, or by a file.

    Below them stand the classical tables when at least three sizes were swept over three numbers of consumers.
    """
    if list_sessions and (case_name or session != "last"):
        raise UsageError("--sessions lists all sessions; leave out the session and --case")
    if classic and (case_name or list_sessions):
        raise UsageError("--classic shows a whole session; leave out --case and --sessions")
    if list_sessions:
        tables = _sessions()
    elif classic:
        tables = _classic(session, form)
    else:
        tables = _results(session, case_name, wide, form)
    click.echo(rendered(tables, form, None if wide else terminal_width()), nl=False)


def _sessions() -> list[Table]:
    from queuemark.store import Store, data_directory
    from queuemark.store.directory import existing_database
    from queuemark.views.sessions import sessions_table

    if existing_database() is None:
        raise UsageError(f"no session is stored in {data_directory()} yet; measure with: queuemark run")
    with Store.open_to_read() as store:
        return [sessions_table(store.sessions())]


def _results(name: str, case_name: str | None, wide: bool, form: str) -> list[Table]:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load
    from queuemark.views.case import case_tables
    from queuemark.views.classic import classic_tables, is_grid
    from queuemark.views.naming import case_number
    from queuemark.views.rates import rates_table

    document = with_estimates(load(name))
    if case_name is not None:
        return case_tables(document, *case_number(document, case_name))
    alone = form == "csv"
    below = classic_tables(document) if is_grid(document, 3) and not (wide or alone) else []
    return [rates_table(document, wide=wide or alone, alone=alone), *below]


def _classic(name: str, form: str) -> list[Table]:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load
    from queuemark.views.classic import classic_tables, is_grid

    document = with_estimates(load(name))
    if not is_grid(document):
        raise UsageError(
            f"session {document.session.id[:8]} sweeps no mechanism over sizes and consumers at once; "
            "measure such a grid with: queuemark run classic"
        )
    return classic_tables(document, alone=form == "csv")
