"""``queuemark export``: a session for other programs, as JSON or CSV."""

from __future__ import annotations

__all__ = ["command"]

import rich_click as click

from queuemark.cli.output import check_writable, write_json
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument, encode_session
from queuemark.views.record import LEVELS, record_table
from queuemark.views.render import csv_text


@click.command("export")
@click.argument("session", default="last")
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "csv")),
    default="json",
    show_default=True,
    help="json: the whole session; csv: a table of it.",
)
@click.option("--level", type=click.Choice(LEVELS), help="With csv, what a row is.  [default: trial]")
@click.option(
    "-o", "--output", "target", metavar="FILE|-", default="-", show_default=True, help="Where to; - is stdout."
)
def command(session: str, form: str, level: str | None, target: str) -> None:
    """A session by id, by the first digits of it, by `last`, or by a file: as JSON or CSV."""
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load

    if form == "json" and level is not None:
        raise UsageError("--level is for --format csv; json has cases, trials and consumers at once")
    check_writable(target)
    write_json(target, _encoded(with_estimates(load(session)), form, level or "trial"))


def _encoded(document: SessionDocument, form: str, level: str) -> bytes:
    if form == "json":
        return encode_session(document)
    return csv_text(record_table(document, level)).encode()
