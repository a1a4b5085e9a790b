"""``queuemark withdraw``: takes a session out of a record, for whoever runs it."""

from __future__ import annotations

__all__ = ["command"]

import sys
from typing import TYPE_CHECKING

import rich_click as click

from queuemark.model.errors import UsageError
from queuemark.views.numbers import counted
from queuemark.views.render import printable

if TYPE_CHECKING:
    from queuemark.store.rows import SessionRow


@click.command("withdraw")
@click.argument("session")
@click.option("--database", metavar="URL", help="The record of a site, as serve has it; else the sessions stored here.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(session: str, database: str | None, yes: bool) -> None:
    """Erase SESSION, named by its whole id: its results, its details, what pages find it by.

    Its id and the day are left, so that it cannot be submitted again and its address says that there was something.
    Who submitted a session withdraws it by the private link; this is for whoever runs the site, and may run meanwhile.
    """
    from queuemark.store import data_directory
    from queuemark.store.directory import existing_database
    from queuemark.store.record import Record

    if database is None and existing_database() is None:
        raise UsageError(f"no session is stored in {data_directory()}; --database names the record of a site")
    with Record.open(database) as record:
        click.echo(printable(_told(record.session_row(session))))
        _agree(yes)
        record.take_down(session)
    click.echo(f"session {session} is withdrawn")


def _told(row: SessionRow) -> str:
    whose = f", by {row.host_label}" if row.host_label else ""
    on = " ".join([row.platform.system, row.platform.release, row.platform.cpu_model or ""]).strip()
    return f"session {row.id} of {row.created_at[:10]}, {counted(row.cases, 'case')}, on {on}{whose}"


def _agree(yes: bool) -> None:
    """Raises: UsageError when nobody can be asked; click.Abort when the person would rather not."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nothing was withdrawn: nobody can be asked here; --yes withdraws without asking")
    click.confirm("Erase it for good?", abort=True)
