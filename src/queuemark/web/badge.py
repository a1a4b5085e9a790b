"""A badge: the highest rate of a session that proved its delivery, as a small picture of two words."""

from __future__ import annotations

__all__ = ["badge_svg"]

from html import escape

from queuemark.analysis.summary import summaries
from queuemark.model.session import SessionDocument
from queuemark.model.units import format_rate
from queuemark.store.rows import SessionRow

_NAME = "queuemark"
_CHARACTER_PIXELS = 6.8
_PADDING_PIXELS = 7


def badge_svg(row: SessionRow, document: SessionDocument) -> bytes:
    """document: with estimates."""
    told = _told(row, document)
    left, right = _width(_NAME), _width(told)
    said, width = escape(f"{_NAME}: {told}"), left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{said}">'
        f"<title>{said}</title>"
        f'<rect width="{left}" height="20" rx="3" fill="#3b4148"/>'
        f'<rect x="{left - 3}" width="{right + 3}" height="20" rx="3" fill="{_colour(row)}"/>'
        f'<rect x="{left - 3}" width="3" height="20" fill="#3b4148"/>'
        f'<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{_NAME}</text>'
        f'<text x="{left + right / 2}" y="14">{escape(told)}</text></g></svg>\n'
    ).encode()


def _told(row: SessionRow, document: SessionDocument) -> str:
    if row.disputed:
        return "disputed"
    proved = [case for case in summaries(document) if case.state == "ok" and not case.beyond and case.median_per_s]
    best = max(proved, key=lambda case: case.median_per_s or 0.0, default=None)
    return f"{best.transport} {format_rate(best.median_per_s or 0.0)}" if best is not None else "no rate proved"


def _colour(row: SessionRow) -> str:
    return "#b03a00" if row.disputed else "#005a8f"


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER_PIXELS) + 2 * _PADDING_PIXELS
