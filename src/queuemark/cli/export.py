"""``queuemark export``: a session for other programs, as JSON, as CSV, or its latencies as HdrHistogram writes them; or
every session there is."""

from __future__ import annotations

__all__ = ["command"]

import rich_click as click

from queuemark.cli.dump import export_all
from queuemark.cli.output import check_writable, write_json
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument, encode_session
from queuemark.views.original import original_xml
from queuemark.views.record import LEVELS, record_table
from queuemark.views.render import csv_text


@click.command("export")
@click.argument("session", default="last")
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "csv", "xml", "hgrm", "hdr-log")),
    default="json",
    show_default=True,
    help="json: the whole session; csv: a table of it; xml: what of it the original program's form can say; hgrm: a "
    "case's latencies by percentile; hdr-log: those of every trial, for programs that read HdrHistogram's logs.",
)
@click.option("--level", type=click.Choice(LEVELS), help="With csv, what a row is.  [default: trial]")
@click.option(
    "--case", "case_name", metavar="N|KEY", help="With hgrm and hdr-log, one case; hgrm needs it unless one has any."
)
@click.option(
    "-o", "--output", "target", metavar="FILE|-", default="-", show_default=True, help="Where to; - is stdout."
)
@click.option(
    "--all", "every", is_flag=True, help="Every session, one a line of JSON; FILE.zst and FILE.gz are packed."
)
@click.option("--database", metavar="URL", help="With --all, the record of a site.  [default: what is stored here]")
def command(
    session: str, form: str, level: str | None, case_name: str | None, target: str, every: bool, database: str | None
) -> None:
    """A session by id, by the first digits of it, by `last`, or by a file: as JSON, CSV, XML or latency histograms."""
    if every:
        if (session, form, level, case_name) != ("last", "json", None, None):
            raise UsageError("--all exports every session as JSON; leave out the session, --format, --level and --case")
        check_writable(target)
        export_all(database, target)
        return
    if database is not None:
        raise UsageError("--database is for --all; a site's own session is at its address, as /sessions/ID.json")
    _export(session, form, level, case_name, target)


def _export(session: str, form: str, level: str | None, case_name: str | None, target: str) -> None:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load

    if form != "csv" and level is not None:
        raise UsageError(f"--level is for --format csv; {form} has no rows")
    if form in ("json", "csv", "xml") and case_name is not None:
        raise UsageError(f"--case is for --format hgrm and hdr-log; {form} has the whole session")
    check_writable(target)
    document = with_estimates(load(session))
    if form == "json":
        encoded = encode_session(document)
    elif form == "csv":
        encoded = csv_text(record_table(document, level or "trial")).encode()
    elif form == "xml":
        encoded = original_xml(document).encode()
    else:
        encoded = _histograms(document, form, case_name).encode()
    write_json(target, encoded)


def _histograms(document: SessionDocument, form: str, case_name: str | None) -> str:
    from queuemark.views.hdr import case_hgrm, session_log
    from queuemark.views.naming import case_number

    chosen = [case_number(document, case_name)] if case_name is not None else list(enumerate(document.cases, 1))
    measured = [(number, result) for number, result in chosen if result.latency is not None]
    if not measured:
        where = f"case {case_name}" if case_name is not None else f"session {document.session.id[:8]}"
        raise UsageError(f"{where} has no latencies to export; measure some: queuemark run -t tcp --rate 10k")
    if form == "hdr-log":
        return session_log(document, measured)
    if len(measured) > 1:
        numbers = ", ".join(str(number) for number, _ in measured[:8])
        raise UsageError(f"a .hgrm is of one case, and {len(measured)} have latencies; name one: --case {numbers}")
    return case_hgrm(document, *measured[0])
