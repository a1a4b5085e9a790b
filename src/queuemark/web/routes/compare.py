"""``/compare``: two to six sessions beside each other."""

from __future__ import annotations

__all__ = ["compare_data", "compare_page"]

from typing import Annotated

from litestar import MediaType, get
from litestar.params import QueryParameter

from queuemark.web.data.compare import ComparePage, asked_ids, compare
from queuemark.web.pages import page_html
from queuemark.web.reading import FromReading, Reading, SiteUrl

Sessions = Annotated[
    list[str] | None,
    QueryParameter(name="sessions", description="2 to 6 ids, with commas between or each by itself"),
]


@get("/compare", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False)
def compare_page(reading: FromReading, site_url: SiteUrl, sessions: Sessions = None) -> str:
    """Sessions against the first of them; without any, what to name."""
    return page_html("compare.html", _compared(reading, sessions), site_url)


@get("/api/compare", sync_to_thread=True)
def compare_data(reading: FromReading, sessions: Sessions = None) -> ComparePage:
    """Ratios, intervals and verdicts, case by case."""
    return _compared(reading, sessions)


def _compared(reading: Reading, sessions: list[str] | None) -> ComparePage:
    shown = [reading.session(each) for each in asked_ids(sessions or ())]
    return compare([each.row for each in shown], [each.document for each in shown])
