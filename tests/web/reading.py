"""A record with something of everything: a sweep twice, a disputed session, an original's, and words of people."""

from __future__ import annotations

__all__ = ["DISPUTED", "NOTES", "OTHER", "SMALL", "SWEEP", "TOKEN", "UNPROVED", "filled"]

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.details import Details
from queuemark.model.original import session_id_of, session_of
from queuemark.model.original_xml import read_original
from queuemark.model.session import SessionDocument
from queuemark.store.record import Record
from queuemark.store.rows import Source
from tests.submissions import disputed, golden, original, renamed, sweep

SWEEP = "5eee0000000000000000000000000001"
OTHER = "5eee0000000000000000000000000002"
DISPUTED = "5eee0000000000000000000000000003"
SMALL = "5eee0000000000000000000000000004"
UNPROVED = session_id_of("1234")

TOKEN = "0123456789abcdef0123456789abcdef"
NOTES = "quiet <script>alert(1)</script>\nsecond line"


def filled(database: str) -> None:
    """database: its address."""
    swept = sweep(SWEEP, sizes=(16, 64, 1024))
    results = read_original(original("1234"))
    batch = session_of(results, results.batches[0], "2026-03-01T12:00:00Z")
    with Record.open(database) as record:
        _accept(record, swept, details=Details(host_label="<b>desk</b>", notes=NOTES))
        _accept(record, renamed(sweep(OTHER, factor=1.3, sizes=(16, 64, 1024)), OTHER))
        _accept(record, disputed(DISPUTED), disputed="more <i>delivered</i> than sent")
        _accept(record, renamed(golden(), SMALL))
        _accept(record, batch, source="queueable")


def _accept(
    record: Record,
    document: SessionDocument,
    source: Source = "queuemark",
    details: Details | None = None,
    disputed: str | None = None,
) -> None:
    estimated = with_estimates(document)
    record.accept(
        estimated,
        source=source,
        token=TOKEN,
        disputed=[disputed] if disputed else [],
        summaries=summaries(estimated),
        details=details,
    )
