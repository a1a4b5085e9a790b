"""Sessions decoded and with their estimates, kept for the next page that shows them."""

from __future__ import annotations

__all__ = ["Documents", "settled", "version_of"]

from hashlib import sha256
from secrets import token_hex

from queuemark import __version__
from queuemark.analysis.estimates import with_estimates
from queuemark.model.latency import Latency
from queuemark.model.session import SessionDocument
from queuemark.store.record import Record
from queuemark.store.rows import SessionRow
from queuemark.web.bounded import Bounded

_HIGH_BYTES = 128 * 1024 * 1024


def settled(row: SessionRow) -> bool:
    """Whether what is stored of it stays as it is: not while it is measured, nor until its trials were counted."""
    return row.state != "running" and row.trials_counted


def version_of(row: SessionRow) -> str:
    """Changes whenever anything that is drawn or shown of the session's results may; of what is not settled, always."""
    told = (__version__, row.id, row.state, row.trials, row.disputed) if settled(row) else token_hex()
    return sha256(repr(told).encode()).hexdigest()[:16]


class Documents:
    """Of one record; safe for threads."""

    def __init__(self, record: Record, high_bytes: int = _HIGH_BYTES) -> None:
        self._record = record
        self._kept: Bounded[tuple[str, bool], SessionDocument] = Bounded(high_bytes, _weight)

    def of(self, row: SessionRow, *, histograms: bool = False) -> SessionDocument:
        """With estimates; nobody may change it. histograms: of its trials' latencies, which few views look into.

        Raises: NotFound, Withdrawn.
        """
        if not settled(row):
            return self._read(row, histograms)
        return self._kept.get((version_of(row), histograms), lambda: self._read(row, histograms))

    def _read(self, row: SessionRow, histograms: bool) -> SessionDocument:
        kept = self._record.estimated(row.id, latencies=histograms)
        if kept is not None:
            return kept
        # Trials of what was measured here are rows, and estimates are made as somebody looks.
        document = with_estimates(self._record.document(row.id))
        return document if histograms else _lightened(document)


def _lightened(document: SessionDocument) -> SessionDocument:
    """Without its trials' histograms, which weigh more than all the rest and tell no more than percentiles do."""
    for result in document.cases:
        for trial in result.trials:
            trial.latency = None
    return document


def _weight(document: SessionDocument) -> int:
    """About how many bytes the document takes in this process."""
    return sum(
        5000 + 1500 * len(trial.consumers) + 150 * len(trial.progress) + _buckets(trial.latency)
        for result in document.cases
        for trial in result.trials
    )


def _buckets(latency: Latency | None) -> int:
    parts = (latency.histogram, latency.raw, latency.pacing) if latency is not None else ()
    return sum(36 * len(part.buckets) for part in parts if part is not None)
