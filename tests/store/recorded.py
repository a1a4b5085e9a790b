"""Sessions as a site gets them, and a record that holds some."""

from __future__ import annotations

__all__ = ["TOKEN", "accept", "made"]

from typing import Any

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from queuemark.store.record import Record
from queuemark.store.rows import Receipt
from tests.examples import case, document, machine, trial

TOKEN = "0123456789abcdef0123456789abcdef"


def made(number: int = 1, *cases: tuple[Case, list[Trial]], **facts: Any) -> SessionDocument:
    """The session of that number; cases: one of tcp, unless some are given. facts: of its machine."""
    held = cases or ((case("tcp"), [trial(case("tcp"), repeat) for repeat in range(3)]),)
    return document(*held, id=f"{number:032x}", machine=msgspec.structs.replace(machine(), **facts))


def accept(record: Record, given: SessionDocument, **changed: Any) -> Receipt:
    said: dict[str, Any] = {
        "source": "queuemark",
        "token": TOKEN,
        "disputed": [],
        "summaries": summaries(with_estimates(given)),
    }
    return record.accept(given, **{**said, **changed})
