"""Did the machine change while the session ran? One line where it did (M22)."""

from __future__ import annotations

__all__ = ["drift_texts"]

from queuemark.analysis.drift import drifts
from queuemark.model.session import SessionDocument
from queuemark.views.numbers import as_percent


def drift_texts(document: SessionDocument) -> list[str]:
    """Empty where nothing changed, or where there are no probes of before and after."""
    session = document.session
    found = drifts(session.probes_before, session.probes_after)
    told = [f"{name} {as_percent(abs(more))} {'slower' if more > 0 else 'faster'}" for name, more in found.items()]
    return [f"the machine changed during the session; behind it the probes found {', '.join(told)}"] if told else []
